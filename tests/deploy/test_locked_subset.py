from __future__ import annotations

import pytest

from kit.deploy.locked_subset import read_entries, subset
from kit.errors import DeployError

LOCK = """\
# Made by hand.
a==1 ; sys_platform == 'linux' \\
    --hash=sha256:aa
    # via
    #   kit
    #   b
b==2 \\
    --hash=sha256:bb
    # via kit
b==3 \\
    --hash=sha256:bc
    # via kit
c==4 \\
    --hash=sha256:cc
    # via a
d==5 \\
    --hash=sha256:dd
    # via kit
"""


def test_what_a_package_needs_comes_with_it_and_nothing_else() -> None:
    assert subset(LOCK, ["b"]).splitlines()[1:] == [
        "a==1 ; sys_platform == 'linux' \\",
        "    --hash=sha256:aa",
        "b==2 \\",
        "    --hash=sha256:bb",
        "b==3 \\",
        "    --hash=sha256:bc",
        "c==4 \\",
        "    --hash=sha256:cc",
    ]


def test_who_asked_is_read() -> None:
    assert {entry.name: entry.asked_by for entry in read_entries(LOCK)}["a"] == {"kit", "b"}


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(DeployError, match="must have e, but"):
        subset(LOCK, ["a", "e"])
