"""The table of rights, and the commands that come of it; that it is exact is tested on a broker with its authoriser."""

from pathlib import Path

from click.testing import CliRunner

from operations.command import main
from operations.rights import rights, table
from runtime.settings.tree import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
SETTINGS = Settings.model_validate(
    {"receivers": {"NAME": {"database": "sqlite", "path": "x.sqlite", "points": "points.csv"}}}
)


def acls(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command, with default settings."""
    runner = CliRunner()
    with runner.isolated_filesystem():
        done = runner.invoke(main, ["topics", "acls", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_handbook_has_the_table() -> None:
    assert table(SETTINGS) in (DOCS / "security.md").read_text("utf-8")


def test_only_an_operator_may_create_or_delete() -> None:
    for role, needed in rights(SETTINGS).items():
        granted = {operation for right in needed for operation in right.operations}
        assert ({"Create", "Delete"} & granted == set()) == (role != "operator")


def test_no_two_stages_write_one_topic_but_for_the_dead_letters() -> None:
    writers: dict[str, list[str]] = {}
    for role in ("producer", "streams", "sink-NAME"):
        for right in rights(SETTINGS)[role]:
            if right.kind == "topic" and "Write" in right.operations:
                writers.setdefault(right.name, []).append(role)
    shared = [name for name, roles in writers.items() if len(roles) > 1]
    assert shared == ["meterstream.dead-letters"]


def test_the_command_prints_what_a_shell_can_run() -> None:
    code, printed, _ = acls("--principal", "streams=User:CN=streams, O=Us")
    assert code == 0
    lines = printed.splitlines()
    assert lines[0] == "# producer"
    assert lines[1] == (
        "kafka-acls.sh --bootstrap-server localhost:9092 --add --allow-principal User:meterstream-producer "
        "--operation Write --operation DescribeConfigs --topic meterstream.1.readings"
    )
    assert any(
        line.endswith(
            "--allow-principal 'User:CN=streams, O=Us' --operation Write "
            "--transactional-id meterstream.1.streams. --resource-pattern-type prefixed"
        )
        for line in lines
    )


def test_a_role_that_is_not_there_is_refused() -> None:
    code, _, said = acls("--principal", "stream=User:x", "--principal", "streams=x")
    assert code == 2
    assert said.count("error: --principal") == 2
    assert "the roles are producer, streams, watcher, operator" in said
