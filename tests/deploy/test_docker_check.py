"""Each fault of a Dockerfile is found, in one that has no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.deploy.docker_check import check_dockerfile, read

SOUND = """\
# syntax=docker/dockerfile:1
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
COPY one.txt two.txt ./
RUN pip install --no-deps --require-hashes \\
    # the lock
    -r one.txt
FROM ${BASE}
COPY --from=build /a /a
COPY --from=deploy serving.lock ./
USER 65532:65532
ENTRYPOINT ["kit"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text("")
    return tmp_path


def faults(text: str, context: Path) -> list[str]:
    findings = check_dockerfile(text, context, {"deploy": ("serving.lock",)})
    return [one.found for one in findings if one.state == "fail"]


def test_a_sound_one_has_no_fault(context: Path) -> None:
    assert faults(SOUND, context) == []
    lines = list(read(SOUND))
    assert [line.number for line in lines] == [2, 3, 4, 5, 8, 9, 10, 11, 12]
    assert lines[3].value.split()[-2:] == ["-r", "one.txt"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("USER", "USR", "'USR' is no instruction"),
        ('ENTRYPOINT ["kit"]', "ENTRYPOINT", "ENTRYPOINT needs a value"),
        ("ARG BASE", "RUN true\nARG BASE", "only ARG may come before"),
        ("--from=build", "--from=built", "there is no stage built"),
        ("AS build", "AS build\nFROM scratch AS build", "is there already"),
        ("FROM ${BASE} AS", "FROM ${BASE} as a", "is no image"),
        ("BASE=python:3.12-slim", "BASE=python", "'python' has no fixed version"),
        ("BASE=python:3.12-slim", "BASE=python:latest", "has no fixed version"),
        ("ARG BASE", "ARG BASIS", "BASE is not among the ARGs"),
        ("two.txt", "three.txt", "three.txt is not in"),
        ("serving.lock", "other.lock", "other.lock is not in the context deploy"),
        ("COPY one.txt two.txt ./", "COPY one.txt", "needs a source and a destination"),
        ("USER 65532:65532\n", "", "it has no USER"),
        ("USER 65532:65532", "USER 0", "the image runs as root"),
        ("USER 65532:65532", "USER nobody", "must be a number"),
        ('ENTRYPOINT ["kit"]', "ENTRYPOINT kit", "must be a list of texts"),
        ('ENTRYPOINT ["kit"]', 'ENTRYPOINT {"kit": 1}', "must be a list of texts"),
        ('ENTRYPOINT ["kit"]\n', "", "no ENTRYPOINT"),
        ("--no-deps ", "", "without --no-deps"),
        ("--require-hashes ", "", "needs --require-hashes"),
    ],
)
def test_a_fault_is_found(context: Path, before: str, after: str, message: str) -> None:
    assert before in SOUND
    found = faults(SOUND.replace(before, after), context)
    assert any(message in one for one in found), found


def test_an_empty_file_is_none(context: Path) -> None:
    assert "begins with FROM" in faults("ARG A=1\n", context)[0]
