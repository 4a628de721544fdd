from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.serving.batching import Batching
from kit.serving.errors import ServerError
from kit.serving.settings import Settings

_FILE = """
max_batch_size { value: 64 }
batch_timeout_micros { value: 500 }
max_enqueued_batches { value: 7 }
num_batch_threads { value: 3 }
thread_pool_name { value: "pool" }
allowed_batch_sizes: 8
allowed_batch_sizes: 64
pad_variable_length_inputs: true
"""


def _read(path: Path) -> Batching:
    return Batching.of(Settings(batching_parameters_file=str(path)).batching_parameters())


def test_reads_the_real_servers_file(tmp_path: Path) -> None:
    path = tmp_path / "batching.pbtxt"
    path.write_text(_FILE)
    assert _read(path) == Batching(
        max_batch_size=64,
        batch_timeout_micros=500,
        max_enqueued_batches=7,
        num_batch_threads=3,
        allowed_batch_sizes=(8, 64),
        pad_variable_length_inputs=True,
    )


def test_what_a_file_leaves_out_has_the_default() -> None:
    assert Batching.of(Settings().batching_parameters()) == Batching()


@pytest.mark.parametrize(
    "batching",
    [
        Batching(max_batch_size=32, batch_timeout_micros=1000, num_batch_threads=1),
        Batching(max_batch_size=8, allowed_batch_sizes=(2, 8), pad_variable_length_inputs=True),
        Batching(max_batch_size=8, enable_large_batch_splitting=True, max_execution_batch_size=4),
    ],
    ids=["plain", "sizes", "splitting"],
)
def test_what_is_written_is_read(tmp_path: Path, batching: Batching) -> None:
    path = tmp_path / "new" / "batching.pbtxt"
    batching.write(path)
    assert _read(path) == batching
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"max_batch_size": 0}, "max_batch_size must be at least 1, but is 0"),
        ({"num_batch_threads": 0}, "num_batch_threads must be at least 1, but is 0"),
        ({"batch_timeout_micros": -1}, "batch_timeout_micros must be at least 0"),
        ({"max_batch_size": 8, "allowed_batch_sizes": (4, 4, 8)}, "must be positive and rise"),
        ({"max_batch_size": 8, "allowed_batch_sizes": (2, 4)}, "the most rows of a batch, 8, but is 4"),
        ({"max_batch_size": 8, "max_execution_batch_size": 9}, "between 1 and max_batch_size, 8, but is 9"),
        (
            {
                "max_batch_size": 8,
                "max_execution_batch_size": 4,
                "enable_large_batch_splitting": True,
                "allowed_batch_sizes": (8,),
            },
            "the most rows of a batch, 4, but is 8",
        ),
    ],
    ids=str,
)
def test_refuses_what_cannot_be(given: dict[str, Any], found: str) -> None:
    with pytest.raises(ServerError, match=found):
        Batching(**given)
