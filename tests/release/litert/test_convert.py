"""A file scores as the model does, within what its numbers allow, and has only operations of LiteRT's own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import InfraCheckError
from kit.release.litert.config import LiteRT, Variant
from kit.release.litert.convert import convert
from kit.release.litert.interpreter import LiteRTModel
from release.litert import small_models as parts

SIZES: dict[Variant, tuple[float, float]] = {
    "float": (0.95, 1.1),
    "float16": (0.5, 0.6),
    "dynamic_range": (0.25, 0.35),
    "int8": (0.25, 0.35),
}


@pytest.fixture(scope="module")
def files() -> dict[Variant, bytes]:
    part = parts.small()
    return {variant: convert(part, variant, parts.rows(200, seed=2)) for variant in SIZES}


@pytest.mark.parametrize("variant", SIZES)
def test_a_file_scores_as_the_model_does(files: dict[Variant, bytes], variant: Variant) -> None:
    given = parts.rows(1_500)  # more than are computed at once
    found, expected = LiteRTModel(files[variant]).score(given), parts.small().score(given)
    assert found.shape == expected.shape == (1_500,)
    assert np.abs(found - expected).max() <= LiteRT().bound(variant)
    assert (np.abs(found - expected).max() <= 1e-6) == (variant == "float")


@pytest.mark.parametrize("variant", SIZES)
def test_a_file_is_as_small_as_its_numbers(files: dict[Variant, bytes], variant: Variant) -> None:
    weights = sum(weight.nbytes for weight in parts.small().keras.get_weights())
    low, high = SIZES[variant]
    assert low < len(files[variant]) / weights < high


def test_inputs_and_output_keep_their_names(files: dict[Variant, bytes]) -> None:
    model = LiteRTModel(files["int8"])
    assert set(model.inputs) == {"user_xf", "past_xf", "hour_xf", "price_xf"}
    assert model.inputs["price_xf"] is np.float32, "int8 is called as the others are"
    assert model.output == "score"


def test_several_classes_have_a_probability_each() -> None:
    part = parts.small(classes=3)
    model, given = LiteRTModel(convert(part, "float", {})), parts.rows(70)
    assert model.output == "probabilities"
    np.testing.assert_allclose(model.score(given), part.score(given), atol=1e-6)


def test_codes_are_divided_as_tensorflow_does() -> None:
    part = parts.of(lambda x: x // 6, "int64")
    given = {"x": np.array([-7, -1, 0, 5, 6, 23, 2**31 - 1])}
    expected = np.floor_divide(given["x"], 6).astype(np.float32)
    np.testing.assert_array_equal(LiteRTModel(convert(part, "float", {})).score(given), expected)


def test_milliseconds_are_those_of_a_call(files: dict[Variant, bytes]) -> None:
    model = LiteRTModel(files["float"])
    few, many = (model.milliseconds(parts.rows(count), 9) for count in (1, 20_000))
    assert 0 < few < many


@pytest.mark.parametrize("variant", ["float", "int8"])
def test_an_operation_that_only_tensorflow_has_is_refused_by_name(variant: Variant) -> None:
    part = parts.of(tf.math.digamma)
    with pytest.raises(InfraCheckError, match=rf"to become a {variant} file, but it has no Digamma\. Flex"):
        convert(part, variant, {"x": np.ones(100, np.float32)})


def test_strings_stay_outside() -> None:
    part = parts.of(tf.strings.length, "string")
    with pytest.raises(InfraCheckError, match=r"the model takes strings: x\. Let features\.py"):
        convert(part, "float", {})


def test_int8_is_not_calibrated_with_nothing() -> None:
    with pytest.raises(InfraCheckError, match="but there are none"):
        convert(parts.small(), "int8", parts.rows(0))


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(InfraCheckError, match="A LiteRT file must have one signature"):
        LiteRTModel(b"no such thing")
