"""Convert a TensorFlow function to a LiteRT file that uses built-in operations only."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2, types_pb2
from tensorflow.lite.python.convert_phase import ConverterError
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from kit.errors import InfraCheckError
from kit.release.litert.config import Variant
from kit.release.litert.model_part import Features, ModelPart

SIGNATURE = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
_REFUSED = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


def convert(part: ModelPart, variant: Variant, representative: Features) -> bytes:
    """Convert a model part; its inputs and its output keep their names, and any number of rows fits.

    Args:
        part: the part of the model.
        variant: the number format.
        representative: transformed features of the rows that int8 is calibrated with; other variants need none.

    Raises:
        InfraCheckError: when it takes strings, or the plain runtime lacks an operation; the message names it.
    """
    if texts := [name for name, spec in part.inputs.items() if spec.dtype == tf.string]:
        raise InfraCheckError(
            f"LiteRT takes numbers and codes, but the model takes strings: {', '.join(texts)}. Let features.py turn "
            "them into codes (`tft.compute_and_apply_vocabulary`), which stay outside the file with their vocabulary."
        )
    owner = tf.Module()
    owner.function = _frozen(part)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [owner.function.get_concrete_function()], owner
    )
    _SETTERS[variant](converter, part, representative)
    try:
        with warnings.catch_warnings():
            # The warning that inputs and outputs keep their types, which is intended.
            warnings.filterwarnings("ignore", module=r"tensorflow\.lite")
            content: bytes = converter.convert()
    except (ConverterError, ValueError, RuntimeError) as error:
        raise _refused(variant, error) from error
    return content


def _frozen(part: ModelPart) -> Any:
    """Return the function with its weights as constants, and without what LiteRT could have but does not."""
    graph, names, output = _with_constants(part)

    def predict(features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        given = dict(zip(names, [features[name] for name in part.inputs], strict=True))
        [found] = tf.graph_util.import_graph_def(graph, input_map=given, return_elements=[output], name="")
        return {part.output: found}

    return tf.function(predict, input_signature=[part.inputs], autograph=False)


@lru_cache(maxsize=1)
def _with_constants(part: ModelPart) -> tuple[Any, list[str], str]:
    """Return the graph, and the names of its inputs and output; cached for all variants, which share the graph."""
    frozen = convert_variables_to_constants_v2(
        part.function.get_concrete_function(), lower_control_flow=False
    )
    # The inputs of a concrete function come in the order of its structure, which sorts a dict by its keys.
    [output] = [tensor.name for tensor in frozen.outputs]
    names = [tensor.name for tensor in frozen.inputs]
    return floor_div_in_32_bits(frozen.graph.as_graph_def()), names, output


def floor_div_in_32_bits(graph: Any) -> Any:
    """Return a GraphDef in which integers of 64 bits are divided in 32: LiteRT's FLOOR_DIV has no others.

    Codes, the only such numbers that models of the kit divide, are far below 2^31; larger ones would be cut off. See
    FloorDiv in https://ai.google.dev/edge/litert/conversion/tensorflow/ops_compatibility; to be removed when LiteRT
    has it for int64.
    """
    changed = graph_pb2.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.op != "FloorDiv" or node.attr["T"].type != types_pb2.DT_INT64:
            changed.node.append(node)
            continue
        operands = [f"{node.name}/operand_{place}" for place in range(2)]
        for name, source in zip(operands, node.input[:2], strict=True):
            changed.node.append(_cast(name, source, types_pb2.DT_INT64, types_pb2.DT_INT32))
        divided = node_def_pb2.NodeDef(name=f"{node.name}/int32", op="FloorDiv", input=operands)
        divided.attr["T"].type = types_pb2.DT_INT32
        changed.node.append(divided)
        changed.node.append(_cast(node.name, divided.name, types_pb2.DT_INT32, types_pb2.DT_INT64))
    return changed


def _cast(name: str, source: str, before: int, after: int) -> Any:
    node = node_def_pb2.NodeDef(name=name, op="Cast", input=[source])
    node.attr["SrcT"].type, node.attr["DstT"].type = before, after
    return node


def _as_float(converter: Any, _part: ModelPart, _rows: Features) -> None:
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]


def _as_float16(converter: Any, part: ModelPart, rows: Features) -> None:
    _as_dynamic_range(converter, part, rows)
    converter.target_spec.supported_types = [tf.float16]


def _as_dynamic_range(converter: Any, part: ModelPart, rows: Features) -> None:
    _as_float(converter, part, rows)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _as_int8(converter: Any, part: ModelPart, rows: Features) -> None:
    """Compute in int8; inputs and output stay float, so that all variants are called the same way."""
    _as_dynamic_range(converter, part, rows)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    taken = part.take(rows)
    count = len(next(iter(taken.values())))
    if not count:
        raise InfraCheckError(
            "int8 is calibrated with rows of the training split, but there are none. Run 01_data and 02_features again."
        )

    def one_by_one() -> Iterator[dict[str, np.ndarray[Any, Any]]]:
        for row in range(count):
            yield {name: value[row : row + 1] for name, value in taken.items()}

    converter.representative_dataset = one_by_one


_SETTERS: dict[Variant, Callable[[Any, ModelPart, Features], None]] = {
    "float": _as_float,
    "float16": _as_float16,
    "dynamic_range": _as_dynamic_range,
    "int8": _as_int8,
}


def _refused(variant: Variant, error: Exception) -> InfraCheckError:
    """Extract the converter's reason: of its thousands of lines, those that name operations."""
    named = sorted({name.strip() for names in _REFUSED.findall(str(error)) for name in names.split(",")})
    found = f"it has no {', '.join(named)}" if named else f"the converter says: {str(error).strip()[:500]}"
    return InfraCheckError(
        f"Every operation of the model must be one of LiteRT's own to become a {variant} file, but {found}. Flex and "
        "custom operations are refused, since the plain runtime has none. Write that part of model.py with other "
        "operations, or move it into features.py."
    )
