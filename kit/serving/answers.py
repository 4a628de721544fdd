"""How each API answers a request from one loaded version; the same for gRPC, REST and the warm-up.

Source of the rules and texts: predict_util.cc, classifier.cc, regressor.cc, multi_inference.cc and
get_model_metadata_impl.cc in tensorflow_serving/servables/tensorflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from kit.serving.errors import ServingError, invalid
from kit.serving.servable import DEFAULT_SIGNATURE, METHODS, Question, Servable
from kit.serving.tensors import fill_proto, serialized_entry

CLASSIFY, REGRESS = tf.saved_model.CLASSIFY_METHOD_NAME, tf.saved_model.REGRESS_METHOD_NAME
INPUTS, CLASSES, SCORES, OUTPUTS = "inputs", "classes", "scores", "outputs"
_SIGNATURE_DEF = "signature_def"
_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}
_MATRIX = 2
_MOST_REPEATED_BYTES = 1 << 26
"""Bytes of a context, once for each of its examples. A request of a megabyte could otherwise ask for all memory of the
machine."""
Array = np.ndarray[Any, Any]


def predict(servable: Servable, request: Any, *, as_content: bool = False, check_method: bool = True) -> Any:
    """Answer a PredictRequest.

    Args:
        servable: the version that answers.
        request: the PredictRequest.
        as_content: whether to answer with `tensor_content`, see `kit.serving.tensors.as_proto`.
        check_method: whether to refuse signatures whose method TensorFlow Serving does not know; the other APIs refuse
            those of another API's method.
    """
    question = predict_question(servable, request, check_method=check_method)
    values = servable.compute(question.feeds, question.fetches)
    return predict_response(servable, request, question, values, as_content=as_content)


def predict_question(servable: Servable, request: Any, *, check_method: bool = True) -> Question:
    """Return the checked inputs and the wanted outputs of a PredictRequest."""
    name = request.model_spec.signature_name
    method = servable.signature(name).method_name
    if check_method and method not in METHODS:
        raise ServingError(
            grpc.StatusCode.INTERNAL,
            f"Expected prediction signature method_name to be one of {{{', '.join(METHODS)}}}. Was: {method}",
        )
    return servable.question(name, request.inputs, request.output_filter)


def predict_response(
    servable: Servable, request: Any, question: Question, values: Sequence[Array], *, as_content: bool = False
) -> Any:
    """Return the PredictResponse with the values that were computed for a question."""
    response = predict_pb2.PredictResponse()
    _fill_spec(response.model_spec, servable, request.model_spec.signature_name or DEFAULT_SIGNATURE)
    for key, value in zip(question.names, values, strict=True):
        fill_proto(response.outputs[key], value, as_content=as_content)
    return response


def predict_serialized(
    servable: Servable,
    signature_name: str,
    names: Sequence[str],
    values: Sequence[Array],
    *,
    as_content: bool = False,
) -> bytes:
    """Return the PredictResponse serialized, in a third of the time that it takes to make the message."""
    parts = [serialized_entry(*output, as_content=as_content) for output in zip(names, values, strict=True)]
    parts.append(_serialized_spec(servable.name, servable.version, signature_name or DEFAULT_SIGNATURE))
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _serialized_spec(model: str, version: int, signature_name: str) -> bytes:
    response = predict_pb2.PredictResponse()
    response.model_spec.name, response.model_spec.signature_name = model, signature_name
    response.model_spec.version.value = version
    return bytes(response.SerializeToString())


def classify(servable: Servable, request: Any, *, check_method: bool = True) -> Any:
    """Answer a ClassificationRequest: for each example the classes, the scores, or both."""
    signature = _signature_of(
        servable, request.model_spec.signature_name, CLASSIFY, check_method=check_method
    )
    examples = examples_of(request.input)
    outputs = _compute(servable, {"": (signature, CLASSIFY)}, examples)[""]
    response = classification_pb2.ClassificationResponse()
    _fill_spec(response.model_spec, servable, request.model_spec.signature_name or DEFAULT_SIGNATURE)
    _fill_classes(response.result, outputs, len(examples))
    return response


def regress(servable: Servable, request: Any, *, check_method: bool = True) -> Any:
    """Answer a RegressionRequest: one value for each example."""
    signature = _signature_of(servable, request.model_spec.signature_name, REGRESS, check_method=check_method)
    examples = examples_of(request.input)
    outputs = _compute(servable, {"": (signature, REGRESS)}, examples)[""]
    response = regression_pb2.RegressionResponse()
    _fill_spec(response.model_spec, servable, request.model_spec.signature_name or DEFAULT_SIGNATURE)
    _fill_values(response.result, outputs, len(examples))
    return response


def multi_inference(servable: Servable, request: Any, *, check_method: bool = True) -> Any:
    """Answer a MultiInferenceRequest: classify and regress the same examples through several signatures at once."""
    tasks = _tasks(servable, request, check_method=check_method)
    examples = examples_of(request.input)
    outputs = _compute(servable, tasks, examples)
    response = inference_pb2.MultiInferenceResponse()
    for name, (_, method) in tasks.items():
        result = response.results.add()
        _fill_spec(result.model_spec, servable, name)
        if method == CLASSIFY:
            _fill_classes(result.classification_result, outputs[name], len(examples))
        else:
            _fill_values(result.regression_result, outputs[name], len(examples))
    return response


def metadata(servable: Servable, request: Any) -> Any:
    """Answer a GetModelMetadataRequest: the signatures."""
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != _SIGNATURE_DEF:
            raise invalid(f"Metadata field {field} is not supported")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    # All signatures of the graph, even the one that initialises it: the real server leaves none out.
    for name, signature in servable.meta_graph.signature_def.items():
        signatures.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    _fill_spec(response.model_spec, servable, "")
    response.metadata[_SIGNATURE_DEF].Pack(signatures)
    return response


def examples_of(given: Any) -> list[bytes]:
    """Return the serialized tf.Examples of an Input; a context goes in front of each of its examples.

    Raises:
        ServingError: INVALID_ARGUMENT when there are no examples, RESOURCE_EXHAUSTED when the repeated context would be
            too large.
    """
    kind = given.WhichOneof("kind")
    context = b""
    examples = getattr(given, kind).examples if kind else ()
    if not examples:
        raise invalid("Input is empty.")
    if kind == "example_list_with_context":
        context = given.example_list_with_context.context.SerializeToString()
        if len(context) * len(examples) > _MOST_REPEATED_BYTES:
            raise ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"The context has {len(context)} bytes and would be repeated for {len(examples)} examples; at most "
                f"{_MOST_REPEATED_BYTES} bytes are repeated.",
            )
    # Concatenated serialized messages parse as their merge: a feature of the example wins over the context's.
    return [context + example.SerializeToString() for example in examples]


def _fill_spec(spec: Any, servable: Servable, signature_name: str) -> None:
    spec.name, spec.signature_name = servable.name, signature_name
    spec.version.value = servable.version


def _signature_of(servable: Servable, name: str, method: str, *, check_method: bool) -> Any:
    """Return the signature to classify or regress with.

    TensorFlow 2 saves every signature with the method of predict; without `check_method` those are accepted too.
    """
    name = name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise invalid(f"No signature was found with the name: {name}")
    signature = servable.signatures[name]
    if check_method and signature.method_name != method:
        raise invalid(
            f"Expected {_KINDS[method]} signature method_name to be {method}. Was: {signature.method_name}"
        )
    _check_form(signature, method)
    return signature


def _check_form(signature: Any, method: str) -> None:
    """Check that a signature has the tensors that its method needs."""
    kind, allowed = _KINDS[method], {CLASSES, SCORES} if method == CLASSIFY else {OUTPUTS}
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if INPUTS not in signature.inputs:
        raise ServingError(
            grpc.StatusCode.FAILED_PRECONDITION, f"No {kind} inputs found in SignatureDef: {signature}"
        )
    if not allowed & set(signature.outputs):
        text = f"No {kind} outputs found in SignatureDef: {signature}"
        if method == CLASSIFY:
            text = (
                "Expected classification signature outputs to contain at least one of "
                f'"{CLASSES}" or "{SCORES}". Signature was: {signature}'
            )
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text)


def _tasks(servable: Servable, request: Any, *, check_method: bool) -> dict[str, tuple[Any, str]]:
    """Return each task's signature and method, by the name of the signature."""
    tasks: dict[str, tuple[Any, str]] = {}
    for task in request.tasks:
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if not task.model_spec.name:
            raise invalid("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        if name in tasks:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if name not in servable.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in {CLASSIFY, REGRESS}:
            raise ServingError(
                grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        signature = _signature_of(servable, name, task.method_name, check_method=check_method)
        tasks[name] = (signature, task.method_name)
    if len({signature.inputs[INPUTS].name for signature, _ in tasks.values()}) > 1:
        raise invalid("Input tensor must be the same for all Signatures.")
    return tasks


def _compute(
    servable: Servable, tasks: Mapping[str, tuple[Any, str]], examples: Sequence[bytes]
) -> dict[str, dict[str, Array]]:
    """Compute the outputs of all tasks in one run; keyed by task, then by output."""
    signatures = {name: signature for name, (signature, _) in tasks.items()}
    fetches = sorted({info.name for each in signatures.values() for info in each.outputs.values()})
    feed = next(iter(signatures.values())).inputs[INPUTS].name
    values = dict(zip(fetches, servable.compute({feed: np.array(examples, object)}, fetches), strict=True))
    return {
        name: {key: values[info.name] for key, info in signature.outputs.items()}
        for name, signature in signatures.items()
    }


def _fill_classes(result: Any, outputs: Mapping[str, Array], rows: int) -> None:
    classes, scores = outputs.get(CLASSES), outputs.get(SCORES)
    _check_matrix(CLASSES, classes, np.dtype(object), rows)
    _check_matrix(SCORES, scores, np.dtype(np.float32), rows)
    if classes is not None and scores is not None and classes.shape != scores.shape:
        raise invalid(
            f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    for row in range(rows):
        labels = classes[row] if classes is not None else ()
        values = scores[row].tolist() if scores is not None else ()
        added = result.classifications.add().classes
        # Labels or values are None where the model does not give them.
        for label, value in zip_longest(labels, values):
            added.add(label=label, score=value)


def _check_matrix(name: str, found: Array | None, dtype: np.dtype[Any], rows: int) -> None:
    if found is None:
        return
    if found.ndim != _MATRIX:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {list(found.shape)}")
    if found.dtype != dtype:
        raise invalid(f"Expected {name} Tensor of {dtype}. Got: {found.dtype}")
    if len(found) != rows:
        raise invalid(f"Expected {name} output batch size of {rows}. Got: {len(found)}")


def _fill_values(result: Any, outputs: Mapping[str, Array], rows: int) -> None:
    values = outputs[OUTPUTS]
    if values.ndim not in {1, 2} or values.shape[1:] not in {(), (1,)}:
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{list(values.shape)}"
        )
    if len(values) != rows:
        raise invalid(f"Input batch size did not match output batch size: {rows} vs. {len(values)}")
    if values.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {values.dtype}")
    for value in values.ravel().tolist():
        result.regressions.add(value=value)
