from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from kit.tuning.rows import share_of

ROWS = 2000


@pytest.fixture
def pattern(tmp_path: Path) -> str:
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    for part in range(2):
        with tf.io.TFRecordWriter(str(tmp_path / f"rows-{part}.gz"), options) as writer:
            for row in range(ROWS // 2):
                writer.write(f"{part} {row}".encode())
    return str(tmp_path / "rows-*")


def read(patterns: tuple[str, ...]) -> list[bytes]:
    return [row.numpy() for row in tf.data.TFRecordDataset(list(patterns), compression_type="GZIP")]


def test_all_rows_are_where_they_were(pattern: str, tmp_path: Path) -> None:
    assert share_of([pattern], 1.0, 7, tmp_path / "drawn") == (pattern,)
    assert not (tmp_path / "drawn").exists()


def test_a_share_is_drawn_from_all_files_once(pattern: str, tmp_path: Path) -> None:
    drawn = share_of([pattern], 0.25, 7, tmp_path / "drawn")
    rows = read(drawn)
    assert len(rows) == pytest.approx(ROWS / 4, rel=0.15)
    assert len(set(rows)) == len(rows)
    assert {row[:1] for row in rows} == {b"0", b"1"}
    written = Path(drawn[0]).stat().st_mtime_ns
    assert share_of([pattern], 0.25, 7, tmp_path / "drawn") == drawn
    assert Path(drawn[0]).stat().st_mtime_ns == written


def test_another_seed_draws_other_rows(pattern: str, tmp_path: Path) -> None:
    one, again, other = (
        read(share_of([pattern], 0.25, seed, tmp_path / name))
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert one == again
    assert one != other


def test_a_draw_that_was_cut_off_is_begun_anew(pattern: str, tmp_path: Path) -> None:
    half_made = tmp_path / ".drawn"
    half_made.mkdir()
    (half_made / "train-00000.gz").write_bytes(b"half")
    assert len(read(share_of([pattern], 0.25, 7, tmp_path / "drawn"))) > 100
    assert not half_made.exists()
