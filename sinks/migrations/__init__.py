"""The control tables of a receiver's database, as numbered steps of SQL. A released step is never changed."""

from importlib.resources import files


def steps(database: str) -> list[str]:
    """The steps of ``postgresql`` or ``sqlite``, oldest first; step n leads to version n."""
    folder = files("sinks.migrations").joinpath(database)
    found = sorted((step.name, step.read_text("utf-8")) for step in folder.iterdir() if step.name.endswith(".sql"))
    return [text for _, text in found]


def statements(step: str) -> list[str]:
    """The statements of a step, without comments."""
    lines = (line for line in step.splitlines() if not line.lstrip().startswith("--"))
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]
