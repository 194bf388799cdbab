"""docs/deploy.md speaks of what there is: files, commands, values of the chart, ports."""

import re

import yaml

from deploy.helm.carried import CHART
from tests.commands import parse
from tests.compose import ROOT, SERVICES

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def value(path: str) -> bool:
    """Whether the chart has a value of this name; NAME stands for a receiver."""
    node = VALUES
    for name in path.split("."):
        if name == "NAME":
            return bool(node == {})
        if name not in node:
            return False
        node = node[name]
    return True


def test_its_links_and_files_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
    for name in re.findall(r"(?<!exec )(?<!-it )\b((?:deploy|requirements)/[\w./-]+\w)", PAGE):
        assert (ROOT / name).exists(), name


def test_its_commands_would_be_taken() -> None:
    in_containers = re.findall(r"docker compose exec (\S+) (meterstream [a-z ]+)`", PAGE)
    in_pods = re.findall(r"exec (?:-it )?deploy/meterstream-(\S+) -- (meterstream [a-z -]+[a-z])", PAGE)
    assert in_containers
    assert in_pods
    for place, command in in_containers + in_pods:
        assert place in SERVICES or place in VALUES, place
        parse(command.split())
    for target in re.findall(r"`make ([a-z]+)`", PAGE):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8"), target


def test_the_values_that_it_names_are_values_of_the_chart() -> None:
    table = re.findall(r"^\| (`[^|]+`) \|", PAGE.split("### Values")[1], flags=re.MULTILINE)
    named = [name for cell in table for name in re.findall(r"`([^`]+)`", cell)]
    named += re.findall(r"--set ([\w.]+)=", PAGE)
    assert len(named) > 10
    for name in named:
        if name.startswith("*."):
            assert all(value(name.replace("*", process)) for process in ("producer", "streams", "sinks")), name
        else:
            assert value(name.removesuffix(".*")), name


def test_the_addresses_that_it_names_are_open() -> None:
    opened = {port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])}
    assert set(re.findall(r"^\| http://localhost:(\d+)(?:, :(\d+))?", PAGE, flags=re.MULTILINE)) == {
        ("3000", ""),
        ("9090", "9093"),
    }
    assert opened == {"3000", "9090", "9093"}
