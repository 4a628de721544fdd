"""Guess the kind of a column from its values and, where they leave it open, from its name."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kit.features import dates
from kit.project.file import Dtype, Kind

_MOST_FLAG_VALUES = 2  # of a column that says yes or no, in whole numbers or words
FEW_VALUES = 12  # whole numbers with at most this many values are codes
CODE_VALUES = 100  # the same when the name says so
CATEGORY_VALUES = 50  # words with more values are ids
_MOSTLY_UNIQUE = 0.9  # share of rows with a unique value, from which nothing can be learnt
_TEXT_WORDS = 3  # on average
_NAMES_SHARE = 0.1  # of the rows: values that repeat more often are names of something
_LONG_CODE = 100_000_000  # amounts so large seldom repeat
_FEW_CELLS = 10
_LONGEST_NUMBER = 18  # digits that int64 holds
_JUDGED_CELLS = 2_000  # of a text
_MILLISECONDS = 1000
_YEARS = (631_152_000, 2_524_608_000)  # 1990 to 2050, seconds since 1970

_ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|nr|no)\W*$|[a-z]I[dD]$|^unnamed", re.IGNORECASE)
_CODE_NAME = re.compile(
    r"code|type|class|group|zone|region|area|month|day|hour|week|grade|level|category|status|zip|plz",
    re.IGNORECASE,
)
_NUMBER = r"^[+-]?(\d+|\d{1,3}([.,]\d{3})+)([.,]\d+)?([eE][+-]?\d+)?$"  # 1.234,5 and 1,234.5 as well
_SIGN = r"(\p{Sc}|%|\b(USD|EUR|GBP|CHF|CNY|JPY))"  # of a currency or of percent
_DAY, _CLOCK = r"(0?[1-9]|[12]\d|3[01])", r"(,?[ T]\d{1,2}:\d{2}.*)?"
_DATE = (  # in other words or orders than DATE_FORMATS: 5/1/23, 05 Jan 2023, Jan 5, 2023 1:30 PM
    rf"^((\d{{4}}[-./]{_DAY}[-./]{_DAY})|({_DAY}[-./ ]{_DAY}[-./ ](\d{{4}}|\d{{2}}))"
    rf"|({_DAY}[-. ]{{1,2}}\pL{{3,9}}[-., ]{{1,2}}(\d{{4}}|\d{{2}}))|(\pL{{3,9}}[. ]{{1,2}}{_DAY},? \d{{4}})){_CLOCK}$"
)
_TIME_NAME = re.compile(r"time|date|stamp|(^|_)ts$|_at$|created|updated", re.IGNORECASE)
_WORD = re.compile(r"[぀-ヿ㐀-鿿]|\w+")
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%Y%m%d",
)
_RANGES = {"Y": (1800, 2200), "m": (1, 12), "d": (1, 31), "H": (0, 23), "M": (0, 59), "S": (0, 60)}


@dataclass(frozen=True)
class Verdict:
    """What a column is taken for, and why, in words for the person who has to check it."""

    kind: Kind
    why: str
    dtype: Dtype = "string"
    missing: int = 0
    distinct: int = 0
    date_format: str | None = None
    units: int = field(default=1)
    """Of a timestamp: how many make a second."""
    warning: str = ""


def values_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whole numbers as int64, other numbers as float64, everything else as strings.

    Raises:
        pa.ArrowInvalid, pa.ArrowNotImplementedError: when the column holds lists or other nested values.

    """
    kind = column.type
    if pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = column.cast(pa.float64())
        return pc.if_else(pc.is_nan(numbers), None, numbers)
    text = column.cast(pa.string())
    return text if not pa.types.is_string(kind) else _numbers_in(text)


def _numbers_in(text: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(text)
    # 00123 is a code, and 20 digits are an id: neither would survive conversion to a number.
    if pc.any(pc.match_substring_regex(trimmed, rf"^-?(0\d+|\d{{{_LONGEST_NUMBER + 1},}})$")).as_py():
        return text
    for target in (pa.int64(), pa.float64()):
        try:
            numbers = trimmed.cast(target)
        except pa.ArrowInvalid:
            continue
        if pa.types.is_floating(target):
            return pc.if_else(pc.is_nan(numbers), None, numbers)
        return numbers
    return text


def judge(name: str, column: pa.ChunkedArray) -> Verdict:
    """Judge the kind of a column."""
    try:
        values = values_of(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return Verdict("ignore", f"holds {column.type}, not single values")
    missing = values.null_count
    present = values.drop_null()
    distinct = pc.count_distinct(present).as_py()
    if len(present) == 0:
        return Verdict("ignore", "is empty", missing=missing)
    if len(present) < _FEW_CELLS and missing > len(present):
        rows = "1 row" if len(present) == 1 else f"{len(present)} rows"
        return Verdict("ignore", f"is empty but for {rows}", missing=missing, distinct=distinct)
    if distinct == 1 and not missing:
        return Verdict("ignore", f"is always {present[0].as_py()!r}", distinct=1)
    if distinct <= _MOST_FLAG_VALUES and not pa.types.is_floating(values.type):
        dtype: Dtype = "int" if pa.types.is_int64(values.type) else "string"
        verdict = Verdict("category", _count(distinct), dtype)
    elif pa.types.is_int64(values.type):
        verdict = _judge_integers(name, present, distinct, missing)
    elif pa.types.is_floating(values.type):
        verdict = Verdict("number", f"decimal numbers {_range(present)}", "float")
    else:
        verdict = _judge_strings(present, distinct)
    if missing and verdict.kind in {"category", "id"}:
        verdict = replace(verdict, dtype="string")  # a request can leave a word empty, but not a whole number
    return replace(verdict, missing=missing, distinct=distinct)


def _judge_integers(name: str, present: pa.ChunkedArray, distinct: int, missing: int) -> Verdict:
    rows = len(present)
    low, high = (value.as_py() for value in pc.min_max(present).values())
    named_id = bool(_ID_NAME.search(name))
    if distinct == rows and not missing and (named_id or (high - low + 1 == rows and low in {0, 1})):
        return Verdict("key", "a different whole number in every row", "int")
    date_format = _date_format(present.cast(pa.string()))
    if date_format:
        return Verdict("date", f"dates like {present[0].as_py()}", date_format=date_format)
    for units in (1, _MILLISECONDS):
        in_years = _YEARS[0] * units <= low and high <= _YEARS[1] * units
        if in_years and distinct > FEW_VALUES and (units > 1 or _TIME_NAME.search(name)):
            unit = "milliseconds" if units > 1 else "seconds"
            return Verdict("timestamp", f"{unit} since 1970", "int", units=units)
    if distinct <= (CODE_VALUES if _CODE_NAME.search(name) else FEW_VALUES):
        return Verdict("category", f"{_count(distinct)}, whole numbers {low} to {high}", "int")
    if named_id or (low >= _LONG_CODE and distinct <= rows * _NAMES_SHARE):
        return Verdict("id", f"{_count(distinct)}, whole numbers that name something", "int")
    return Verdict("number", f"whole numbers {_range(present)}", "float")


def _judge_strings(present: pa.ChunkedArray, distinct: int) -> Verdict:
    rows = len(present)
    date_format = _date_format(present)
    if date_format:
        return Verdict("date", f"dates like {present[0].as_py()}", date_format=date_format)
    warning = _nearly_dates(present) or _nearly_numbers(present)
    if distinct <= CATEGORY_VALUES and distinct <= rows / 2:
        return Verdict("category", _count(distinct), warning=warning)
    cells = present[:_JUDGED_CELLS].to_pylist()
    words = statistics.fmean(len(_WORD.findall(cell)) for cell in cells)
    # A date or a UUID has many words by its punctuation, but no blanks.
    spaced = statistics.fmean(not cell.isascii() or " " in cell.strip() for cell in cells)
    if words >= _TEXT_WORDS and spaced > 0.5 and distinct > rows * _NAMES_SHARE:  # noqa: PLR2004  the larger part
        return Verdict("text", f"{words:.0f} words on average", warning=warning)
    if distinct > _MOSTLY_UNIQUE * rows:
        return Verdict("key", f"{distinct:,} values in {rows:,} rows", warning=warning)
    return Verdict("id", _count(distinct), warning=warning)


def _date_format(present: pa.ChunkedArray) -> str | None:
    trimmed = pc.utf8_trim_whitespace(present)
    for date_format in DATE_FORMATS:
        expression, order = dates.pattern(date_format)
        if not pc.all(pc.match_substring_regex(trimmed, f"^{expression}$")).as_py():
            continue
        named = re.sub(r"\((?!\?)", "{open}", expression)
        for letter in order:
            named = named.replace("{open}", f"(?P<{letter}>", 1)
        parts: Any = pc.extract_regex(trimmed, f"^{named}$")
        if all(_within(pc.struct_field(parts, letter), *_RANGES[letter]) for letter in order):
            return date_format
    return None


def _within(texts: pa.ChunkedArray, low: int, high: int) -> bool:
    least, most = (value.as_py() for value in pc.min_max(texts.cast(pa.int64())).values())
    return bool(low <= least and most <= high)


def _nearly_dates(present: pa.ChunkedArray) -> str:
    """Warn of a column whose dates are written in several ways, or in one that DATE_FORMATS does not have."""
    if not pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(present), _DATE)).as_py():
        return ""
    known = pc.unique(present).to_pylist()[:_JUDGED_CELLS]
    # The first one that is written in each way.
    ways = {re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", one)): one for one in reversed(known)}
    words = " and ".join(map(repr, (list(reversed(ways.values())) if len(ways) > 1 else known)[:2]))
    return (
        f"dates such as {words} are words here: write them like 2023-01-31 in the file, "
        "and make the project again"
    )


def _nearly_numbers(present: pa.ChunkedArray) -> str:
    """Warn of a column that commas, signs such as $, or a few words such as NA, keep from being a number."""
    trimmed = pc.utf8_trim_whitespace(present)
    bare = pc.replace_substring_regex(trimmed, rf"^([+-]?){_SIGN}\s*|\s*{_SIGN}$", r"\1")
    signed = present.filter(pc.not_equal(bare, trimmed))
    if len(signed) and pc.all(pc.match_substring_regex(bare, _NUMBER)).as_py():
        return _words_here(f"numbers with a sign, such as {signed[0].as_py()!r},")
    numeric = pc.match_substring_regex(trimmed, _NUMBER)
    share = pc.mean(numeric.cast(pa.float64())).as_py()
    commas = present.filter(pc.match_substring(trimmed, ","))
    if share == 1 and len(commas):
        return _words_here(f"numbers with a comma, such as {commas[0].as_py()!r},")
    if not 0.5 < share < 1:  # noqa: PLR2004  the larger part
        return ""
    words = pc.unique(present.filter(pc.invert(numeric))).to_pylist()[:3]
    return (
        f"{share:.0%} are numbers, but not {', '.join(map(repr, words))}, so that all are words here: leave cells "
        "without a number empty, and make the project again"
    )


def _words_here(what: str) -> str:
    return f"{what} are words here: write them like 1234.5 in the file, and make the project again"


def _count(distinct: int) -> str:
    return f"{distinct:,} value{'s' if distinct > 1 else ''}"


def _range(present: pa.ChunkedArray) -> str:
    low, high = (value.as_py() for value in pc.min_max(present).values())
    return f"{low:g} to {high:g}"
