"""Settings: every problem in one report, and no secret in any of it."""

from pathlib import Path

import pytest

from runtime.errors import ConfigError, ExitCode
from runtime.settings.load import load
from runtime.settings.secret import MissingSecret, Secret
from runtime.settings.system import KafkaSettings, LogSettings, RegistrySettings
from runtime.settings.tree import Settings

SECRET = "hunter2"

GOOD = """
epoch = "2"
[kafka]
bootstrap_servers = "a:9092, b:9092"
[topics]
partitions = 4
[sources.hours]
mapping = "oresundskraft"
url = "https://api.example"
granularity = "hour"
points = "points.csv"
auth = { type = "header", key = { env = "UTILITY_KEY" } }
[receivers.vitec]
database = "postgresql"
dsn = { file = "dsn.txt" }
points = "points.csv"
[receivers.momentum]
database = "sqlite"
path = "momentum.sqlite"
points = "points.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "points.csv").write_text("metering_point,category\n")
    (tmp_path / "dsn.txt").write_text(f"postgresql://u:{SECRET}@h/d\n")
    return tmp_path


def problems(folder: Path, text: str, *needs: str, **environment: str) -> tuple[str, ...]:
    """The problems of a settings file; an error if there are none."""
    file = folder / "meterstream.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environment, needs)
    assert caught.value.exit_code == ExitCode.CONFIG
    return caught.value.problems


def accepted(folder: Path, text: str, *needs: str, **environment: str) -> Settings:
    file = folder / "meterstream.toml"
    file.write_text(text)
    return load(file, environment, needs)


def test_a_good_file_is_read(folder: Path) -> None:
    settings = accepted(folder, GOOD, "sources", "receivers", UTILITY_KEY=SECRET)
    assert settings.epoch == "2"
    assert settings.topics.partitions == 4
    assert settings.sources["hours"].points == folder / "points.csv"


def test_without_a_file_the_defaults_hold() -> None:
    assert load(None, {}) == Settings()


WRONG = [
    ("nonsense = 1", "nonsense: unknown setting"),
    ("[kafka]\nbootstrap = 'a:1'", "kafka.bootstrap: unknown setting"),
    ("[kafka]\nbootstrap_servers = 'localhost'", "kafka.bootstrap_servers: "),
    ("[kafka]\nbootstrap_servers = ''", "kafka.bootstrap_servers: "),
    ("[kafka]\nrequest_timeout = 0", "kafka.request_timeout: "),
    ("kafka = 3", "kafka: "),
    ("epoch = 'a b'", "epoch: "),
    ("[topics]\npartitions = 'many'", "topics.partitions: "),
    ("[topics]\npartitions = 0", "topics.partitions: "),
    (
        "[topics]\nreplication_factor = 1",
        "topics: Value error, min_insync_replicas (2) is more than replication_factor",
    ),
    ("[log]\nlevel = 'loud'", "log.level: "),
    ("[metrics]\nport = 65536", "metrics.port: "),
    ("[registry]\nurl = 'ftp://r'", "registry.url: "),
    ("[registry]\nurl = 'http://joe:hunter2@r'", "registry.url: "),
    ("[registry]\nuser = 'joe'", "registry: Value error, user and password go together"),
    (
        "[registry]\nuser = 'joe'\npassword = { env = 'NOT_SET' }",
        "registry.password: environment variable NOT_SET is not",
    ),
    ("[log]\nhash_key = { file = 'none.txt' }", "log.hash_key: file "),
    ("[log]\nhash_key = { env = 'A', file = 'b' }", "log.hash_key: Value error, write { env"),
    ("[log]\nhash_key = ''", "log.hash_key: Value error, write { env"),
    ("[receivers.'a b']\ndatabase = 'sqlite'\npoints = 'points.csv'", "receivers.a b."),
    ("[receivers.x]\ndatabase = 'oracle'\npoints = 'points.csv'", "receivers.x.database: "),
    ("[sources.x]\nmapping = 'm'", "sources.x.granularity: "),
    ("= 3", "meterstream.toml: not TOML: "),
]


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_a_mistake_is_named_with_its_place(folder: Path, text: str, problem: str) -> None:
    found = problems(folder, text)
    assert any(problem in line for line in found), found
    assert not any(SECRET in line for line in found)


def test_all_problems_come_in_one_report(folder: Path) -> None:
    """Unknown key, bad type, missing secret, unknown receiver, unreadable path, and what the environment adds."""
    text = GOOD.replace("partitions = 4", "partitions = 'x'\nsize = 3").replace(
        'points = "points.csv"', 'points = "no.csv"'
    )
    environment = {"METERSTREAM__KAFKA__REQUEST_TIMEOUT": "-1", "METERSTREAM__EPOCH__X": "1"}
    found = problems(folder, text, "sources", "receivers.vitec", "receivers.atlantis", **environment)
    for part in (
        "topics.partitions: ",
        "topics.size: unknown setting",
        "kafka.request_timeout: ",
        "METERSTREAM__EPOCH__X: epoch is a single setting",
        "sources.hours.auth.key: environment variable UTILITY_KEY is not set",
        "sources.hours.points: ",
        "receivers.vitec.points: ",
        "receivers.atlantis: there is no such section; there are: vitec, momentum",
    ):
        assert any(part in line for line in found), (part, found)
    assert not any("momentum." in line for line in found)


def test_a_process_needs_only_its_own_secrets(folder: Path) -> None:
    """A sink worker of one receiver has neither the utility's key nor the other receivers' passwords."""
    settings = accepted(folder, GOOD, "receivers.momentum")
    assert settings.receivers["momentum"].path == folder / "momentum.sqlite"


def test_a_worker_does_not_need_the_secret_by_which_its_receiver_is_asked(folder: Path) -> None:
    """What Momentum's external API asks for is for the person who reads back."""
    section = '[receivers.momentum.momentum_api]\nurl = "https://m.example"\ntoken_url = "https://m.example/token"\n'
    text = f'{GOOD}\n{section}client_id = "us"\nclient_secret = {{ env = "NOT_SET" }}\n'
    assert accepted(folder, text, "receivers.momentum").receivers["momentum"].momentum_api is not None
    assert problems(folder, text, "receivers") == (
        "receivers.momentum.momentum_api.client_secret: environment variable NOT_SET is not set",
    )


@pytest.mark.parametrize("needs", [("sources",), ("receivers",), ("sources.hours",), ("receivers.vitec",)])
def test_a_section_that_is_needed_is_looked_into(folder: Path, needs: tuple[str, ...]) -> None:
    (folder / "dsn.txt").unlink()
    assert len(problems(folder, GOOD, *needs)) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml", {})


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes("# Fjärr".encode("latin-1"))
    with pytest.raises(ConfigError, match="not TOML"):
        load(tmp_path / "x.toml", {})


def test_the_environment_wins_over_the_file(folder: Path) -> None:
    settings = accepted(
        folder,
        GOOD,
        METERSTREAM__TOPICS__PARTITIONS="16",
        METERSTREAM__EPOCH="7",
        METERSTREAM__LOG__REVEAL_METERING_POINTS="true",
        METERSTREAM__SOURCES__HOURS__AUTH__KEY="by-text",
        METERSTREAM_OTHER="not ours",
    )
    assert (settings.topics.partitions, settings.epoch, settings.log.reveal_metering_points) == (16, "7", True)
    assert settings.sources["hours"].auth.key.readable({})[0][1] == "by-text"  # type: ignore[union-attr]  # it is a header key


def test_the_environment_alone_is_enough() -> None:
    settings = load(
        None, {"METERSTREAM__REGISTRY__USER": "joe", "METERSTREAM__REGISTRY__PASSWORD__ENV": "P", "P": SECRET}
    )
    assert settings.registry.password == Secret(env="P")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().epoch = "2"  # type: ignore[misc]  # that is what is tested


def test_a_secret_is_shown_nowhere() -> None:
    settings = RegistrySettings(url="http://r", user="joe", password=Secret(text=SECRET))
    for shown in (repr(settings), str(settings), repr(settings.password), str(settings.password), f"{settings!r:>9}"):
        assert SECRET not in shown


def test_a_secret_in_the_wrong_place_is_not_echoed(folder: Path) -> None:
    text = f"[registry]\nuser = 'joe'\npassword = ['{SECRET}']\ntimeout = '{SECRET}'\n[metrics]\nport = '{SECRET}'"
    assert not any(SECRET in line for line in problems(folder, text))


def test_an_error_of_a_group_itself_does_not_echo_either() -> None:
    with pytest.raises(ValueError, match="registry") as caught:
        Settings.model_validate({"registry": {"user": "joe", "password": [SECRET]}})
    assert SECRET not in str(caught.value)


def test_the_text_of_a_secret_is_that_of_its_file_without_the_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f" {SECRET} \r\n")
    assert Secret(file=tmp_path / "key").reveal({}) == f" {SECRET} "


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is not UTF-8"), (None, "cannot be read")],
)
def test_a_secret_that_cannot_be_had_names_its_place(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MissingSecret, match=problem) as caught:
        Secret(file=file).reveal({})
    assert str(file) in str(caught.value)


def test_groups_compare_by_value() -> None:
    assert KafkaSettings() == KafkaSettings(bootstrap_servers="localhost:9092")
    assert LogSettings(level="info") != LogSettings(level="debug")
