"""REST: requests and TensorFlow Serving's answers, compared to the letter where the wording is its own."""

from __future__ import annotations

import gzip
import json
import math
from typing import Any

import pytest

from serving.contract.target import VERSION
from serving.models import NAME
from serving.rest.asking import ask

_MODEL = f"/v1/models/{NAME}"
_PREDICT = f"{_MODEL}:predict"
_ANSWERED = [
    pytest.param(_PREDICT, {"instances": [1, 2.5]}, '{\n    "predictions": [2.0, 5.0\n    ]\n}', id="rows"),
    pytest.param(
        _PREDICT,
        {"inputs": [1, 2.5]},
        '{\n    "outputs": [\n        2.0,\n        5.0\n    ]\n}',
        id="column",
    ),
    pytest.param(
        _PREDICT,
        {"instances": [{"x": 1}, {"x": 2}]},
        '{\n    "predictions": [2.0, 4.0\n    ]\n}',
        id="named rows",
    ),
    pytest.param(
        _PREDICT, {"inputs": {"x": [4]}}, '{\n    "outputs": [\n        8.0\n    ]\n}', id="named column"
    ),
    pytest.param(
        _PREDICT,
        {"instances": [0.05, 5e7, 61_728_392.0, 1e-5]},
        '{\n    "predictions": [0.1, 1e+08, 123456784.0, 2e-05\n    ]\n}',
        id="digits",
    ),
    pytest.param(
        f"{_MODEL}:classify",
        {"signature_name": "classify", "examples": [{"x": 3.0}, {"x": [0.5]}]},
        '{\n    "results": [[["up", 6.0], ["down", -6.0]], [["up", 1.0], ["down", -1.0]]\n    ]\n}',
        id="classify",
    ),
    pytest.param(
        f"{_MODEL}:regress",
        {"signature_name": "regress", "examples": [{"x": 3.0}, {"x": -1.5}]},
        '{\n    "results": [6.0, -3.0]\n}',
        id="regress",
    ),
    pytest.param(
        f"{_MODEL}:regress",
        {"signature_name": "regress", "context": {"x": 2.0}, "examples": [{}, {"x": 3.0}]},
        '{\n    "results": [4.0, 6.0]\n}',
        id="context",
    ),
    pytest.param(
        f"{_MODEL}/versions/{VERSION}:predict",
        {"instances": [1]},
        '{\n    "predictions": [2.0\n    ]\n}',
        id="version",
    ),
    pytest.param(
        f"/V1/MODELS/{NAME}:PREDICT",
        {"instances": [1]},
        '{\n    "predictions": [2.0\n    ]\n}',
        id="capitals",
    ),
]


@pytest.mark.parametrize(("path", "body", "text"), _ANSWERED)
def test_a_good_request_is_answered_to_the_letter(rest: str, path: str, body: Any, text: str) -> None:
    answer = ask(rest, path, body)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["content-type"] == "application/json"


def test_several_outputs_have_names(rest: str) -> None:
    pairs = [{"pair": [1, 2], "text": "a"}, {"pair": [0.25, 0.5], "text": {"b64": "w6Q="}}]
    rows = ask(rest, _PREDICT, {"signature_name": "pairs", "instances": pairs}).json
    assert rows == {"predictions": [{"total": 3.0, "echo": "a"}, {"total": 0.75, "echo": "ä"}]}
    columns = {"pair": [[1, 2]], "text": [{"b64": "aGk="}]}
    answer = ask(rest, _PREDICT, {"signature_name": "pairs", "inputs": columns}).json
    assert answer == {"outputs": {"total": [3.0], "echo": ["hi"]}}


def test_numbers_that_are_none(rest: str) -> None:
    nan, most, least = ask(rest, _PREDICT, b'{"instances": [NaN, Infinity, -Infinity]}').json["predictions"]
    assert (math.isnan(nan), most, least) == (True, math.inf, -math.inf)


def test_a_gzipped_body(rest: str) -> None:
    packed = gzip.compress(json.dumps({"instances": [1]}).encode())
    assert ask(rest, _PREDICT, packed, headers={"Content-Encoding": "gzip"}).json == {"predictions": [2.0]}


@pytest.mark.parametrize("path", [_MODEL, f"{_MODEL}/versions/{VERSION}"])
def test_the_status_tells_the_version_and_its_state(rest: str, path: str) -> None:
    answer = ask(rest, path)
    status = {
        "version": str(VERSION),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    assert (answer.status, answer.json) == (200, {"model_version_status": [status]})


def test_the_metadata_are_the_signatures(rest: str) -> None:
    answer = ask(rest, f"{_MODEL}/metadata")
    assert (answer.status, answer.json["model_spec"]["version"]) == (200, str(VERSION))
    signatures = answer.json["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["inputs"]["x"] == {
        "dtype": "DT_FLOAT",
        "name": "x:0",
        "tensor_shape": {"dim": [{"name": "", "size": "-1"}], "unknown_rank": False},
    }
    assert signatures["regress"]["method_name"] == "tensorflow/serving/regress"


def _bad(message: str, **body: Any) -> Any:
    return pytest.param(_PREDICT, body, 400, message, id=message[:40])


_ROW = "Failed to process element: {} of 'instances' list. Error: INVALID_ARGUMENT: "
_REFUSED = [
    _bad("Missing 'inputs' or 'instances' key"),
    _bad(
        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys",
        instances=[1],
        inputs=[1],
    ),
    _bad("Excepting 'instances' to be an list/array", instances={"x": 1}),
    _bad("No values in 'instances' array", instances=[]),
    _bad('Serving signature name: "no" not found in signature def', instances=[1], signature_name="no"),
    _bad("'signature_name' key must be a string value.", instances=[1], signature_name=1),
    _bad(
        _ROW.format(1) + 'JSON Value: "a" Type: String is not of expected type: float',
        instances=[1, "a"],
    ),
    _bad(_ROW.format(0) + "JSON Value: true Type: True is not of expected type: float", instances=[True]),
    _bad(_ROW.format(1) + "Expecting tensor size: 1 but got: 2", instances=[[1], [2, 3]]),
    _bad(_ROW.format(1) + "Expecting shape [] but got: [1]", instances=[1, [2]]),
    _bad("Expecting object but got list at item 1 of input list", instances=[{"x": 1}, 2]),
    _bad("Expecting value/list but got object at item 1 of input list", instances=[1, {"x": 2}]),
    _bad("Failed to process element: 0 key: z of 'instances' list. Error: ", instances=[{"z": 1}]),
    _bad(
        "instances is a plain list, but expecting list of objects as multiple input tensors required",
        instances=[1],
        signature_name="pairs",
    ),
    _bad(" keys must be equal to: pair,text", instances=[{"text": "a"}], signature_name="pairs"),
    _bad("inputs is a plain value/list, but expecting an object", inputs=[1], signature_name="pairs"),
    _bad("Missing named input: pair in 'inputs' object.", inputs={"text": ["a"]}, signature_name="pairs"),
    _bad("Encountered list at unexpected size: 2 at level: 1 expected size: 1", inputs=[[1], [2, 3]]),
    _bad("found at incorrect level: 2 in the JSON DOM. Expected at level: 2", inputs=[[1], 2]),
    _bad("Cannot convert JSON value: 16777217 to float without loss of precision.", inputs=[16_777_217]),
    pytest.param(_PREDICT, b"", 400, "JSON Parse error: The document is empty", id="empty"),
    pytest.param(_PREDICT, b'{"instances": [', 400, "JSON Parse error: ", id="cut off"),
    pytest.param(_PREDICT, b'{"instances": [1]} {}', 400, "JSON Parse error: ", id="two documents"),
    pytest.param(_PREDICT, [1], 400, "Is not object", id="a list"),
    pytest.param(_PREDICT, {"inputs": [[1.0]]}, 400, "", id="wrong rank"),
    pytest.param(
        f"{_MODEL}:classify",
        {"instances": [1]},
        400,
        "key 'examples' is expected and was not found",
        id="no examples",
    ),
    pytest.param(
        f"{_MODEL}:regress",
        {"examples": [[1]]},
        400,
        "Example must be JSON object but got JSON Array",
        id="no example",
    ),
    pytest.param(
        f"{_MODEL}:regress",
        {"examples": [{"x": [1, 1.5]}]},
        400,
        "Unexpected element type in feature: x expecting type: int64",
        id="mixed feature",
    ),
    pytest.param(
        f"{_MODEL}:regress",
        {"examples": [{"x": 1.5}]},
        400,
        "Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/predict",
        id="wrong method",
    ),
    pytest.param(
        f"{_MODEL}/versions/9:predict",
        {"instances": [1]},
        404,
        f"Servable not found for request: Specific({NAME}, 9)",
        id="no such version",
    ),
    pytest.param(
        f"{_MODEL}/labels/gold:predict",
        {"instances": [1]},
        400,
        "Unrecognized servable version label: gold",
        id="no such label",
    ),
    pytest.param(
        "/v1/models/no:predict",
        {"instances": [1]},
        404,
        "Servable not found for request: Latest(no)",
        id="no model",
    ),
    _bad(
        "Could not parse example input",
        signature_name="regress",
        instances=[{"b64": "//4="}],
    ),
    pytest.param(f"{_MODEL}:train", {}, 400, f"Malformed request: POST {_MODEL}:train", id="no such method"),
    pytest.param(_PREDICT, None, 400, f"Malformed request: GET {_PREDICT}", id="GET of predict"),
    pytest.param("/v1/models", None, 400, "Missing model name in request.", id="no name"),
    pytest.param(
        "/v1/models/no", None, 404, "Could not find any versions of model no", id="status of no model"
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "message"), _REFUSED)
def test_a_bad_request_is_refused_with_its_status_and_reason(
    rest: str, path: str, body: Any, status: int, message: str
) -> None:
    answer = ask(rest, path, body)
    assert answer.status == status
    assert message in answer.error
