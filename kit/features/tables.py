"""Building blocks for tables of any shape, as `kit new` uses them: raw sparse columns in, dense features out.

A missing value is an empty cell, NaN, or a date that does not follow its format; all blocks treat it the same
way, so that a row in training and the same row in a request give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

from kit.features import dates
from kit.features.columns import fill_missing, is_missing
from kit.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

# The calendar features of a time, and how many values each has; 0 stands for a missing time.
CALENDAR = {"month": 13, "weekday": 8, "hour": 25}
_CLIP = 8.0  # standard deviations
# Scripts that are written without spaces: every character is taken as a word.
_SIGNS = r"([\p{Han}\p{Hiragana}\p{Katakana}])"


def scaled(column: tf.SparseTensor) -> tf.Tensor:
    """Return float32 [batch] with mean 0 and deviation 1; missing values become the mean, outliers are clipped."""
    present = _without_nan(column)
    score = tft.scale_to_z_score(present)
    return tf.clip_by_value(tf.cast(fill_missing(score, 0.0), tf.float32), -_CLIP, _CLIP)


def missing(column: tf.SparseTensor) -> tf.Tensor:
    """Return float32 [batch]: 1 where a number is missing or NaN."""
    return is_missing(_without_nan(column))


def codes(
    column: tf.SparseTensor, name: str, *, top_k: int, oov_buckets: int, min_count: int = 1
) -> tf.Tensor:
    """Return int64 [batch]: the index of the value in a vocabulary, which is saved as the file `name`.

    Values rarer than `min_count`, unknown ones and missing ones share the out-of-vocabulary buckets.
    """
    if column.dtype != tf.string:
        column = tf.SparseTensor(column.indices, tf.strings.as_string(column.values), column.dense_shape)
    return tft.compute_and_apply_vocabulary(
        fill_missing(column, ""),
        top_k=top_k,
        num_oov_buckets=oov_buckets,
        frequency_threshold=min_count if min_count > 1 else None,
        vocab_filename=name,
    )


def words(column: tf.SparseTensor, count: int) -> tf.Tensor:
    """Return string [batch, count]: the first words of each cell in lower case, padded with ''."""
    text = tf.strings.lower(fill_missing(column, ""), encoding="utf-8")
    spaced = tf.strings.regex_replace(
        tf.strings.regex_replace(text, _SIGNS, r" \1 "), r"[^\p{L}\p{N}\p{M}]+", " "
    )
    return tf.strings.split(tf.strings.strip(spaced)).to_tensor(default_value="", shape=[None, count])


def calendar(seconds: tf.SparseTensor, name: str) -> dict[str, tf.Tensor]:
    """Return `<name>_xf`, the scaled time itself, and a code `<name>_<part>_xf` for each part in CALENDAR."""
    # In float32 days would be some 20 seconds apart. Of a table of a few days that is much of what scaling leaves, and
    # a graph that multiplies where another one divides would be as far from it.
    days = tf.SparseTensor(
        seconds.indices,
        tf.cast(seconds.values, tf.float64) / SECONDS_PER_DAY,
        [seconds.dense_shape[0], 1],
    )
    day = tf.math.floordiv(seconds.values, SECONDS_PER_DAY)
    parts = {
        "month": _month(day),
        "weekday": tf.math.floormod(day + 3, 7) + 1,  # Monday is 1; the first day of 1970 was a Thursday
        "hour": tf.math.floordiv(tf.math.floormod(seconds.values, SECONDS_PER_DAY), SECONDS_PER_HOUR) + 1,
    }
    outputs = {f"{name}_xf": scaled(days)}
    for part, values in parts.items():
        outputs[f"{name}_{part}_xf"] = fill_missing(
            tf.SparseTensor(seconds.indices, values, days.dense_shape), 0
        )
    return outputs


def seconds_of(column: tf.SparseTensor, date_format: str) -> tf.SparseTensor:
    """Convert dates written as `date_format` to seconds since 1970, int64; others become missing values."""
    expression, order = dates.pattern(date_format)
    text = tf.strings.strip(column.values)
    valid = tf.strings.regex_full_match(text, expression)
    text = tf.boolean_mask(text, valid)
    part = {
        letter: tf.strings.to_number(
            tf.strings.regex_replace(text, f"^{expression}$", rf"\{group}"), tf.int64
        )
        for group, letter in enumerate(order, start=1)
    }
    seconds = _day_number(part["Y"], part["m"], part["d"]) * SECONDS_PER_DAY
    for letter, unit in (("H", SECONDS_PER_HOUR), ("M", 60), ("S", 1)):
        if letter in part:
            seconds += part[letter] * unit
    return tf.SparseTensor(tf.boolean_mask(column.indices, valid), seconds, column.dense_shape)


def whole_seconds(column: tf.SparseTensor, units: int) -> tf.SparseTensor:
    """Convert int64 times with `units` per second to whole seconds."""
    return tf.SparseTensor(column.indices, tf.math.floordiv(column.values, units), column.dense_shape)


def class_index(label: tf.SparseTensor, classes: Sequence[str | int | float]) -> tf.Tensor:
    """Return int64 [batch]: the index of the label in `classes`.

    A label that is not among the classes fails the step: it would be trained on as another class. A request
    has no label, and TFX then feeds a made-up one whose index nobody uses. So the computation itself fails, and not an
    assertion, which would run in a request too.
    """
    values = fill_missing(label, "" if label.dtype == tf.string else 0)
    hits = values[:, tf.newaxis] == tf.constant(list(classes), values.dtype)[tf.newaxis, :]
    index = tf.strings.as_string(tf.argmax(tf.cast(hits, tf.int32), axis=1))
    words = values if values.dtype == tf.string else tf.strings.as_string(values)
    stranger = tf.strings.join(["label '", words, "' is not among CLASSES of features.py"])
    return tf.strings.to_number(tf.where(tf.reduce_any(hits, axis=1), index, stranger), tf.int64)


def _without_nan(column: tf.SparseTensor) -> tf.SparseTensor:
    if not column.dtype.is_floating:
        return column
    return tf.sparse.retain(column, tf.logical_not(tf.math.is_nan(column.values)))


def _day_number(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Return the days since 1970-01-01 in the Gregorian calendar; years begin in March, so that leap days come last."""
    year = tf.where(month <= 2, year - 1, year)  # noqa: PLR2004  February
    day_of_year = tf.math.floordiv(153 * tf.math.floormod(month + 9, 12) + 2, 5) + day - 1
    leap_days = tf.math.floordiv(year, 4) - tf.math.floordiv(year, 100) + tf.math.floordiv(year, 400)
    return 365 * year + leap_days + day_of_year - 719_468


def _month(day: tf.Tensor) -> tf.Tensor:
    """Return the month, 1 to 12, of a day since 1970-01-01; inverts `_day_number` within its cycle of 400 years."""
    of_cycle = tf.math.floormod(day + 719_468, 146_097)
    skipped = (
        tf.math.floordiv(of_cycle, 36_524)
        - tf.math.floordiv(of_cycle, 1_460)
        - tf.math.floordiv(of_cycle, 146_096)
    )
    year = tf.math.floordiv(of_cycle + skipped, 365)
    day_of_year = of_cycle - (365 * year + tf.math.floordiv(year, 4) - tf.math.floordiv(year, 100))
    from_march = tf.math.floordiv(5 * day_of_year + 2, 153)
    return tf.math.floormod(from_march + 2, 12) + 1
