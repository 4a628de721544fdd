"""YAML that people write is read strictly, whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.batch.plan import read_parameter_file
from kit.batch.recording import read_recording
from kit.errors import KitError, UsageError
from kit.schedule import schedule
from kit.schedule.errors import ScheduleError
from kit.serving import protect
from kit.serving.errors import ServerError
from kit.strict_yaml import YamlFile, in_one_line, read_yaml
from kit.workspace import Workspace

PARAMETERS = "epochs: 3\nepochs: 5\n"
RECORDING = "notebooks: [01_data]\nparameters:\n  epochs: 3\n  epochs: 5\n"
SCHEDULE = "name: nightly\ncron: 0 3 * * *\nparameters: {epochs: 3, epochs: 5}\n"
PROTECTION = "models:\n  shop: {top_k: 3}\n  shop: {decimals: 2}\n"


@pytest.mark.parametrize(
    ("place", "text", "read", "error", "key", "line"),
    [
        ("p.yml", PARAMETERS, read_parameter_file, UsageError, "epochs", 2),
        ("r.yml", RECORDING, read_recording, UsageError, "epochs", 4),
        (
            "schedules/nightly/schedule.yml",
            SCHEDULE,
            lambda path: schedule.load(path.parents[2], "nightly"),
            ScheduleError,
            "epochs",
            3,
        ),
        (protect.FILE, PROTECTION, protect.read_file, ServerError, "shop", 3),
    ],
    ids=["parameters", "recording", "schedule", "protection"],
)
def test_what_is_there_twice_is_refused(  # noqa: PLR0913, PLR0917  what is read, and what is said then
    tmp_path: Path,
    place: str,
    text: str,
    read: Callable[[Path], object],
    error: type[KitError],
    key: str,
    line: int,
) -> None:
    path = Workspace(tmp_path).path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(error) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path} must be a YAML file, but it cannot be read: '{key}' is there twice")
    assert f"line {line}," in said
    assert said.endswith("Correct it there.")


def test_the_line_of_a_place_is_that_of_its_deepest_part() -> None:
    file = YamlFile({}, "a: 1\nb:\n  - c: 2\n  - d: 3\n")
    assert [file.line_of(place) for place in ([], ["a"], ["b", 1, "d"], ["b", 1, "e"], ["b", 7], ["x"])] == [
        1,
        1,
        4,
        4,
        2,
        1,
    ]


@pytest.mark.parametrize("text", ["day: 2020-13-01", "? [a]\n: 1", "[" * 5_000])
def test_what_cannot_be_read_is_an_error_of_the_kit(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(ScheduleError, match="cannot be read"):
        read_yaml(tmp_path / "a.yml", ScheduleError)


@pytest.mark.parametrize("value", ["x", "a: b", 0.5, None, {"a": [1, "é" * 200]}, [{"b": 1, "a": 2}]])
def test_a_value_is_written_in_one_line(value: Any) -> None:
    text = in_one_line(value)
    assert "\n" not in text
    assert yaml.safe_load(text) == value


@pytest.mark.parametrize(
    "name", ["", "é" * 900, "how\nmuch", "a\r\nb: c", "a\u2028b", "? a", '"a": \\n\x07', "😀 {b}"]
)
def test_a_key_and_a_text_can_be_anything(name: str) -> None:
    text = in_one_line({name: [name]})
    assert len(text.splitlines()) == 1
    assert yaml.safe_load(text) == {name: [name]}
    assert yaml.safe_load(f"x: 1\n{text[1:-1]}  # why") == {"x": 1, name: [name]}
