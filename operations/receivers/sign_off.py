"""``sign-off``: the delivery report of a receiver's test stage, and a person's word on it."""

import os
from hashlib import file_digest, sha256
from pathlib import Path

import click
import msgspec

from operations.invocation import config_option
from operations.proof.configuration import Configuration, configuration
from operations.proof.report import FORMAT, Report, make_report
from operations.proof.report_page import page
from operations.receivers.signed_off import MADE, SIGNED_OFF, reports_made
from operations.receivers.stages import Chosen, choose
from runtime.errors import ConfigError
from sinks.upkeep import entry

NOT_EQUAL = 2


class _Configured(msgspec.Struct):
    fingerprint: str


class _Verified(msgspec.Struct):
    verdict: str


class _Confirmed(msgspec.Struct):
    """What is looked at in a report that is confirmed."""

    format: str
    receiver: str
    stage: str
    configuration: _Configured
    verification: _Verified


@click.command("sign-off")
@config_option
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Where the report is written.",
)
@click.option("--confirm", "person", metavar="NAME", help="This person confirms the report of --report.")
@click.option("--report", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its JSON file.")
@click.option("--despite", metavar="REASON", help="Confirm it although it found differences; the reason is noted.")
@click.pass_context
def sign_off(
    context: click.Context, name: str, directory: Path, person: str | None, file: Path | None, despite: str | None
) -> None:
    """Makes the delivery report of a receiver's test stage, or notes that a named person confirms it.

    Without --confirm: reads the stage back, compares it with the feed, and writes a JSON and an HTML file. Ends with 2
    where they differ. With --confirm and --report: notes the confirmation in the stage's journal, for go-live.
    """
    chosen = choose(name, "test")
    if person is None and file is None:
        context.exit(_make(chosen, directory))
    if person is None or file is None or not person.strip():
        raise ConfigError(['--confirm "Name" and --report FILE go together: who confirms, and what'])
    _confirm(chosen, person.strip(), file, despite)


def _make(chosen: Chosen, directory: Path) -> int:
    report = make_report(chosen, os.environ)
    stem = f"sign-off-{chosen.name}-{report.body['made_at'][:19].replace(':', '').replace('-', '')}Z"
    directory.mkdir(parents=True, exist_ok=True)
    json_file, html_file = directory / f"{stem}.json", directory / f"{stem}.html"
    digest = _write(report, json_file)
    html_file.write_text(page(report, json_file.name, digest), "utf-8")
    chosen.upkeep().note(entry(MADE, sha256=digest, verdict=report.verdict, file=json_file.name))
    click.echo(f"{json_file}\n{html_file}\nSHA-256 of the JSON file: {digest}")
    click.echo(_summary(chosen, report))
    if report.verdict != "equal":
        click.echo(f"{chosen.label} is NOT equal to the feed: meterstream receivers verify {chosen.name} --stage test")
        return NOT_EQUAL
    click.echo(f'to confirm it: meterstream receivers sign-off {chosen.name} --confirm "NAME" --report {json_file}')
    return 0


def _write(report: Report, file: Path) -> str:
    """Writes the JSON file; its SHA-256."""
    digest = sha256()
    with file.open("wb") as out:
        for piece in report.as_json():
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _summary(chosen: Chosen, report: Report) -> str:
    delivery, points = report.body["delivery"], report.body["points"]
    return (
        f"{chosen.label}: {delivery['readings']:,} readings, {points['with_values']:,} of {points['mapped']:,} points, "
        f"{delivery['first_period']} to {delivery['last_period']}; {delivery['missing_values']:,} missing "
        f"values, {delivery['missing_periods']:,} missing periods"
    )


def _confirm(chosen: Chosen, person: str, file: Path, despite: str | None) -> None:
    with file.open("rb") as opened:
        digest = file_digest(opened, "sha256").hexdigest()
    configured = configuration(chosen)
    report = _read(chosen, file, configured)
    if digest not in reports_made(chosen):
        raise ConfigError([f"{file}: no report of {chosen.label} as it was made; it was changed, or is another's"])
    verdict = report.verification.verdict
    if verdict != "equal" and not despite:
        raise ConfigError([f'{file}: the delivery is not equal to the feed; mend it, or say --despite "reason"'])
    said = {"sha256": digest, "verdict": verdict, "fingerprint": configured.fingerprint, **configured.parts}
    if verdict != "equal":
        said["despite"] = str(despite)
    chosen.upkeep().note(entry(SIGNED_OFF, person, **said))
    click.echo(f"{person} has confirmed the report {digest} of {chosen.label}; go-live asks for this.")


def _read(chosen: Chosen, file: Path, now: Configuration) -> _Confirmed:
    """What a report says, which must be one of this stage as it is configured now."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Confirmed)
    except msgspec.DecodeError:
        found = None
    if found is None or found.format != FORMAT:
        raise ConfigError([f"{file}: no delivery report; give the JSON file that sign-off wrote"])
    if (found.receiver, found.stage) != (chosen.name, chosen.stage):
        raise ConfigError([f"{file}: it is the report of {found.receiver}, stage {found.stage}"])
    if found.configuration.fingerprint != now.fingerprint:
        raise ConfigError(
            [
                f"{file}: the points, layouts, policy, zone or address of {chosen.label} were changed since it was "
                "made; make a new one"
            ]
        )
    return found
