"""`python -m sample_data`: remake the sample, or make more of it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from sample_data.faults import spoil
from sample_data.generator import Config, Generator, SampleDataError, write_span


def main() -> int:
    """Write the spans and return the exit code: 0 done, 2 a setting or the folder is not possible."""
    default = Config()
    parser = argparse.ArgumentParser(prog="python -m sample_data", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that gets impressions/ and truth/")
    parser.add_argument(
        "--seed", type=int, default=default.seed, help="same seed, same bytes (default %(default)s)"
    )
    parser.add_argument("--spans", type=int, default=default.spans, help="clean days (default %(default)s)")
    parser.add_argument(
        "--rows-per-span", type=int, default=default.rows_per_span, help="default %(default)s"
    )
    parser.add_argument("--users", type=int, default=default.users, help="default %(default)s")
    parser.add_argument("--items", type=int, default=default.items, help="default %(default)s")
    parser.add_argument(
        "--bad-day", action="store_true", help="add one more span, with every fault of faults.py"
    )
    given = parser.parse_args()
    try:
        clean = Config(given.seed, given.spans, given.rows_per_span, given.users, given.items)
        bad = [clean.spans + 1] if given.bad_day else []
        generator = Generator(replace(clean, spans=clean.spans + len(bad)))
        for span, blocks in generator.spans():
            change = (spoil,) if span in bad else ()
            rows = write_span(given.out, span, blocks, *change)
            print(f"span {span}: {rows:,} impressions", flush=True)
    except SampleDataError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
