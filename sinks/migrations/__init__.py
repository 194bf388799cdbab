"""The control tables of a receiver's database, as numbered steps of SQL. A released step is never changed."""

from importlib.resources import files


def steps(*kinds: str) -> list[str]:
    """The steps of a kind of database, oldest first; step n leads to version n.

    Args:
        kinds: ``postgresql``, ``sqlite`` …; of a kind that has what another one has and more, both. A new step's number
            is then above those of both.
    """
    folders = (files("sinks.migrations").joinpath(kind) for kind in kinds)
    found = sorted((step.name, step) for folder in folders for step in folder.iterdir() if step.name.endswith(".sql"))
    return [step.read_text("utf-8") for _, step in found]


def statements(step: str) -> list[str]:
    """The statements of a step, without comments."""
    lines = (line for line in step.splitlines() if not line.lstrip().startswith("--"))
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]
