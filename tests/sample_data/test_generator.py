"""The same seed gives the committed bytes; any configuration gives impressions that hold together."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.project import Project
from kit.workspace import CHECKOUT
from sample_data import Config, Generator, SampleDataError, world, write_span
from sample_data.generator import COLUMNS, DAY_SECONDS, FIRST_DAY, TRUTH_COLUMNS

SAMPLE = CHECKOUT / "sample_data"
SPANS = range(1, 9)
FAST = settings(max_examples=25, deadline=None, database=None)
SMALL = Config(spans=2, rows_per_span=500, users=100, items=60)


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sample_data", *(str(word) for word in words)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)


def generate(config: Config, folder: Path) -> dict[str, str]:
    """Write all spans; return the digest of every file."""
    for span, blocks in Generator(config).spans():
        write_span(folder, span, blocks)
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    files = [path for part in ("impressions", "truth") for path in (folder / part).rglob("*.csv")]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }


def impressions(span: int, folder: Path = SAMPLE) -> pd.DataFrame:
    return pd.read_csv(folder / "impressions" / f"span-{span}" / "impressions.csv", keep_default_na=False)


def truth(span: int, folder: Path = SAMPLE) -> pd.DataFrame:
    return pd.read_csv(folder / "truth" / f"span-{span}.csv")


# -- the committed sample


def test_the_command_gives_the_committed_bytes(tmp_path: Path) -> None:
    done = run("--out", tmp_path, "--bad-day")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "span 8: 4,000 impressions"
    made = digests(tmp_path)
    assert made == digests(SAMPLE)
    assert len(made) == 2 * len(SPANS)
    assert not list(tmp_path.rglob(".*"))


def test_the_sample_is_small_and_whole() -> None:
    files = [path for part in ("impressions", "truth") for path in (SAMPLE / part).rglob("*.csv")]
    assert sum(path.stat().st_size for path in files) < 5_000_000
    for span in SPANS:
        rows = impressions(span)
        assert tuple(rows.columns) == COLUMNS
        assert tuple(truth(span).columns) == TRUTH_COLUMNS
        assert len(rows) == len(truth(span)) == 4000
        assert (
            (rows[["request_id", "position"]].to_numpy() == truth(span)[["request_id", "position"]])
            .all()
            .all()
        )


def test_request_ids_are_unique_over_all_spans() -> None:
    per_span = [impressions(span).groupby("request_id").size() for span in SPANS]
    assert all((sizes == world.POSITIONS).all() for sizes in per_span)
    ids = [request for sizes in per_span for request in sizes.index]
    assert len(ids) == len(set(ids))


def test_no_pipeline_reads_the_truth() -> None:
    project = Project.load("recommender")
    read = {file.path for file in project.input_files("1-7", "8")}
    assert len(read) == len(SPANS)
    assert not [path for path in read if "truth" in path.parts]
    assert "click_probability" not in {name for span in SPANS for name in impressions(span).columns}


def test_popularity_has_a_long_tail_and_users_come_and_stay() -> None:
    rows = pd.concat([impressions(span) for span in range(1, 8)])
    shares = rows["item_id"].value_counts(normalize=True)
    assert shares.head(len(shares) // 10).sum() > 0.25
    assert shares.tail(len(shares) // 2).sum() < 0.35
    new = [set(impressions(span)["user_id"]) - set(impressions(1)["user_id"]) for span in (2, 7)]
    assert all(new)


# -- any configuration

CONFIGS = st.builds(
    Config,
    seed=st.integers(0, 2**40),
    spans=st.integers(1, 3),
    rows_per_span=st.integers(10, 600),
    users=st.integers(10, 200),
    items=st.integers(50, 120),
)


@FAST
@given(CONFIGS)
def test_any_configuration_gives_impressions_that_hold_together(config: Config) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = generate(config, folder)
        assert len(first) == 2 * config.spans
        for span in range(1, config.spans + 1):
            check_span(impressions(span, folder), truth(span, folder), span, config)
    with TemporaryDirectory() as name:
        assert generate(config, Path(name)) == first


def check_span(rows: pd.DataFrame, chances: pd.DataFrame, span: int, config: Config) -> None:
    assert len(rows) == len(chances) == config.rows_per_span // world.POSITIONS * world.POSITIONS
    start = FIRST_DAY + (span - 1) * DAY_SECONDS
    assert rows["timestamp"].between(start, start + DAY_SECONDS - 1).all()
    assert rows["timestamp"].is_monotonic_increasing
    assert rows["age"].between(18, 80).all()
    assert set(rows["region"]) <= set(world.REGIONS)
    assert set(rows["device"]) <= set(world.DEVICES)
    assert set(rows["category"]) <= set(world.CATEGORIES)
    assert (rows["days_since_signup"] >= 0).all()
    assert (rows["price"] > 0).all()
    assert set(rows["clicked"]) <= {0, 1}
    assert chances["click_probability"].between(0, 1).all()
    users = {f"u{number}" for number in range(config.users)}
    items = {f"i{number}" for number in range(config.items)}
    assert set(rows["user_id"]) <= users
    assert set(rows["item_id"]) <= items
    last = rows["last_items"].astype(str).str.split()
    assert last.map(len).max() <= world.HISTORY
    assert set(itertools.chain.from_iterable(last)) <= items
    for _, request in rows.groupby("request_id"):
        assert request["position"].tolist() == list(range(1, world.POSITIONS + 1))
        assert request["item_id"].is_unique
        assert len(request[["user_id", "timestamp", "device", "last_items"]].drop_duplicates()) == 1


def test_the_same_seed_gives_the_same_bytes_and_another_others(tmp_path: Path) -> None:
    first = generate(SMALL, tmp_path / "first")
    assert generate(SMALL, tmp_path / "again") == first
    other = generate(Config(**{**vars(SMALL), "seed": 8}), tmp_path / "other")
    assert other.keys() == first.keys()
    assert not set(other.values()) & set(first.values())


def test_users_remember_what_they_clicked_in_the_block_before() -> None:
    [(_, blocks)] = Generator(Config(spans=1, rows_per_span=90_000)).spans()
    before, after, rest = (block.to_pandas() for block in blocks)
    assert [len(before), len(after), len(rest)] == [40_960, 40_960, 8080]
    once = before.groupby("user_id").filter(lambda rows: len(rows) == world.POSITIONS)
    clicked = once[once["clicked"] == 1].drop_duplicates("user_id").set_index("user_id")["item_id"]
    latest = after.drop_duplicates("user_id").set_index("user_id")["last_items"].str.split().str[0]
    both = pd.concat([clicked, latest], axis=1, join="inner")
    assert len(both) > 100
    assert (both["item_id"] == both["last_items"]).all()


# -- the command line


def test_the_help_tells_every_setting() -> None:
    done = run("--help")
    assert done.returncode == 0
    for setting in ("--out", "--seed", "--spans", "--rows-per-span", "--users", "--items", "--bad-day"):
        assert setting in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rows-per-span", "9"], "rows_per_span must be 10 or more, but is 9. Raise it."),
        (["--items", "49"], "items must be 50 or more, but is 49"),
        (["--users", "9"], "users must be 10 or more, but is 9"),
        (["--spans", "0"], "spans must be 1 or more, but is 0"),
        (["--spans", "0", "--bad-day"], "spans must be 1 or more, but is 0"),
        (["--spans", "-1", "--bad-day"], "spans must be 1 or more, but is -1"),
        (["--seed", "-1"], "seed must be 0 or more, but is -1"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--row", "9"], "ambiguous|rows_per_span must be 10"),
    ],
)
def test_a_setting_that_is_not_possible_is_explained(tmp_path: Path, words: list[str], message: str) -> None:
    done = run("--out", tmp_path / "made", *words)
    assert done.returncode == 2
    assert any(part in done.stderr for part in message.split("|"))
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("--out", tmp_path / "file" / "made")
    assert done.returncode == 2
    assert "must be a folder that can be written, but: Not a directory. Choose another --out." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_span_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> object:
        yield next(Generator(SMALL).blocks(1))
        raise OSError(28, "No space left on device")

    with pytest.raises(SampleDataError, match="No space left on device"):
        write_span(tmp_path, 1, broken())  # type: ignore[arg-type]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
