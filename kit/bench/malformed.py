"""Any number of requests that no server may accept: drawn from a seed, so that a failure can be reproduced.

Each one is certain to be wrong: flipping a random bit, in contrast, may leave a request valid.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tensorflow_serving.apis import predict_pb2

MODEL, INPUT, SIGNATURE = "linear", "x", "serving_default"
PREDICT = f"/v1/models/{MODEL}:predict"
_GOOD_BODY = json.dumps({"instances": [1.0, 2.0]}).encode()
_HOST = "host: gateway"
_MOST_BYTES = 200
_DEEP = (100, 1_000, 20_000)
_FLOAT = 1  # DT_FLOAT of tensorflow/core/framework/types.proto
_UNKNOWN_TYPE = 999


def http(path: str, body: bytes, *lines: str, method: str = "POST") -> bytes:
    """Return a complete HTTP/1.1 request; the lines are its headers besides host and length."""
    head = [f"{method} {path} HTTP/1.1", _HOST, *lines, f"content-length: {len(body)}"]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def without_token(seed: int, valid: str, stranger: str) -> Iterator[bytes]:
    """Draw requests that would be valid if their token were.

    Args:
        seed: the seed of the draws.
        valid: a valid token; the drawn variants of it are invalid.
        stranger: a token signed with an unpublished key.
    """
    draw = random.Random(seed)  # noqa: S311  not for secrets
    header, payload, signature = valid.split(".")
    none = _base64(b'{"alg":"none"}')
    ways: list[Callable[[], list[str]]] = [
        list,
        lambda: ["authorization:"],
        lambda: [f"authorization: Bearer {_letters(draw)}"],
        lambda: [f"authorization: Bearer {_letters(draw)}.{_letters(draw)}.{_letters(draw)}"],
        lambda: [f"authorization: Bearer {stranger}"],
        lambda: [f"authorization: Bearer {none}.{payload}."],
        lambda: [f"authorization: Bearer {none}.{payload}.{signature}"],
        lambda: [f"authorization: Bearer {valid[: draw.randrange(len(valid))]}"],
        lambda: [f"authorization: Bearer {header}.{_changed(draw, payload)}.{signature}"],
        lambda: [f"authorization: Bearer {header}.{payload}.{_changed(draw, signature)}"],
        lambda: [f"authorization: Bearer {_changed(draw, header)}.{payload}.{signature}"],
        lambda: [f"authorization: Bearer {header}.{_claims(draw)}.{signature}"],
        lambda: [f"authorization: Basic {_base64(_bytes(draw))}"],
        lambda: [f"x-authorization: Bearer {valid}"],
        lambda: [f"cookie: token={valid}"],
        lambda: ["x-subject: ann", "x-envoy-internal: true", "x-forwarded-for: 127.0.0.1"],
    ]
    while True:
        query = f"?access_token={valid}" if draw.random() < 0.1 else ""  # noqa: PLR2004
        yield http(PREDICT + query, _GOOD_BODY, *draw.choice(ways)())


def bad_heads(seed: int, token: str) -> Iterator[bytes]:
    """Draw requests with a valid token whose head violates RFC 9112, or asks for something that is not offered."""
    draw = random.Random(seed)  # noqa: S311
    auth = f"authorization: Bearer {token}"
    more = f"POST {PREDICT} HTTP/1.1\r\n{_HOST}\r\n\r\n"
    ways: list[Callable[[], bytes]] = [
        lambda: _raw(f"POST {PREDICT} HTTP/1.1", auth, "content-length: 0"),  # no Host header
        lambda: _raw(f"POST {PREDICT} HTTP/{draw.randrange(2, 99)}.7", _HOST, auth, "content-length: 0"),
        lambda: _raw(f"POST {PREDICT} HTTP/1.1", _HOST, auth, f"content-length: -{draw.randrange(1, 99)}"),
        lambda: _raw(f"POST {PREDICT} HTTP/1.1", _HOST, auth, f"content-length: {_letters(draw)}"),
        lambda: _raw(f"POST {PREDICT} HTTP/1.1", _HOST, auth, "content-length: 1", "content-length: 2"),
        lambda: (
            _raw(
                f"POST {PREDICT} HTTP/1.1",
                _HOST,
                auth,
                "transfer-encoding: chunked",
                f"content-length: {len(more)}",
            )
            + f"0\r\n\r\n{more}".encode()
        ),  # two requests to one parser and one to another
        lambda: (
            _raw(f"POST {PREDICT} HTTP/1.1", _HOST, auth, "transfer-encoding: chunked")
            + f"{_letters(draw)}~\r\n".encode()
        ),
        lambda: _raw(f"POST {PREDICT} HTTP/1.1", _HOST, auth, f"transfer-encoding: {_letters(draw)}"),
        lambda: http(PREDICT, _GOOD_BODY, auth, f"{_letters(draw)} : 1"),
        lambda: http(PREDICT, _GOOD_BODY, auth, f"{_letters(draw)}_x: 1"),
        lambda: http(PREDICT, _GOOD_BODY, auth, f"x: a{chr(draw.choice([0, 1, 7, 31, 127]))}b"),
        lambda: http(PREDICT, _GOOD_BODY, auth, f"x: {'a' * draw.randrange(70_000, 90_000)}"),
        lambda: http(PREDICT, _GOOD_BODY, auth, *(f"x-{n}: 1" for n in range(draw.randrange(200, 400)))),
        lambda: http(f"{PREDICT}{_letters(draw)}", _GOOD_BODY, auth),
        lambda: http(f"/{_letters(draw)}", _GOOD_BODY, auth),
        lambda: http(f"/v1/models/..%2f{MODEL}:predict", _GOOD_BODY, auth),
        lambda: http(
            PREDICT, _GOOD_BODY, auth, method=draw.choice(["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
        ),
        lambda: http(PREDICT, _GOOD_BODY, auth, method=f"{_letters(draw).upper()}~"),
        lambda: b"\x16\x03\x01" + _bytes(draw) + b"\r\n\r\n",  # TLS where there is none
        lambda: b"\x00" + _bytes(draw) + b"\r\n\r\n",
    ]
    while True:
        yield draw.choice(ways)()


def bad_json(seed: int) -> Iterator[bytes]:
    """Draw bodies that `predict` must refuse for the benchmark's model, whose input is x, float32 [n]."""
    draw = random.Random(seed)  # noqa: S311
    wrong: list[Callable[[], Any]] = [
        dict,
        list,
        lambda: {"instances": []},
        lambda: {"instances": {}},
        lambda: {"instances": None},
        lambda: {"instances": [_letters(draw)]},
        lambda: {"instances": [1.0, _letters(draw)]},
        lambda: {"instances": [[1.0], [2.0, 3.0]]},
        lambda: {"instances": [[[draw.random()]]]},
        lambda: {"instances": [{_letters(draw): 1.0}]},
        lambda: {"instances": [{INPUT: 1.0, _letters(draw): 1.0}]},
        lambda: {"instances": [{INPUT: 1.0}, 2.0]},
        lambda: {"instances": [{"b64": _base64(_bytes(draw))}]},
        lambda: {"instances": [{"b64": "~"}]},
        lambda: {"instances": [1.0], "inputs": [1.0]},
        lambda: {"inputs": {_letters(draw): [1.0]}},
        lambda: {"inputs": {INPUT: [[1.0]]}},
        lambda: {_letters(draw): [1.0]},
        lambda: {"instances": [1.0], "signature_name": _letters(draw)},
        lambda: {"instances": [1.0], "signature_name": draw.randrange(9)},
    ]
    good = json.dumps({"instances": [draw.random() for _ in range(9)]}).encode()
    texts: list[Callable[[], bytes]] = [
        lambda: good[: draw.randrange(len(good))],
        lambda: good + _letters(draw).encode(),
        lambda: b'{"instances": ' + b"[" * draw.choice(_DEEP) + b"}",
        lambda: b'{"instances": ' + b"[" * (depth := draw.choice(_DEEP)) + b"]" * depth + b"}",
        lambda: b'{"instances": ["\xff\xfe' + _bytes(draw) + b'"]}',
        lambda: b"\x00" + _bytes(draw),
        lambda: b"",
    ]
    while True:
        yield json.dumps(draw.choice(wrong)()).encode() if draw.random() < 0.7 else draw.choice(texts)()  # noqa: PLR2004


def bad_protos(seed: int) -> Iterator[bytes]:
    """Draw messages that Predict must refuse for the same model."""
    draw = random.Random(seed)  # noqa: S311
    good = _predict({"float_val": [1.0, 2.0]}, [2])
    ways: list[Callable[[], bytes]] = [
        lambda: good[: draw.randrange(len(good))],
        lambda: b"\x0f" + _bytes(draw),  # wire type 7, which does not exist
        lambda: _bytes(draw) + b"\x0f",
        lambda: _predict({"float_val": [1.0] * 4}, [2, 2]),
        lambda: _predict({"tensor_content": _bytes(draw)[:3]}, [1]),
        lambda: _predict({"tensor_content": b"\0" * 4}, [-draw.randrange(1, 9)]),
        lambda: _predict({"float_val": []}, [1 << draw.randrange(33, 62)]),
        lambda: _predict({"float_val": []}, [1 << 31, 1 << 31, 1 << 31]),
        lambda: _predict({"string_val": [_bytes(draw)]}, [1], dtype=7),
        lambda: _predict({"float_val": [1.0]}, [1], dtype=draw.choice([0, 2, 3, 9, 10, 20, _UNKNOWN_TYPE])),
        lambda: _predict({"float_val": [1.0]}, [1], name=_letters(draw)),
        lambda: _predict({"float_val": [1.0]}, [1], model=_letters(draw)),
        lambda: _predict({"float_val": [1.0]}, [1], model=""),
        lambda: _predict({"float_val": [1.0]}, [1], signature=_letters(draw)),
        lambda: _predict({"float_val": [1.0]}, [1], version=draw.choice([-1, 0, 2, (1 << 63) - 1])),
        lambda: _predict({"float_val": [1.0]}, [1], label=_letters(draw)),
        lambda: _predict({"float_val": [1.0]}, [1], outputs=[_letters(draw)]),
    ]
    while True:
        yield draw.choice(ways)()


def good_proto() -> bytes:
    """Return a request that the model answers."""
    return _predict({"float_val": [1.0, 2.0]}, [2])


def _predict(values: Mapping[str, Any], shape: list[int], **changes: Any) -> bytes:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = changes.get("model", MODEL)
    request.model_spec.signature_name = changes.get("signature", SIGNATURE)
    if "version" in changes:
        request.model_spec.version.value = changes["version"]
    if "label" in changes:
        request.model_spec.version_label = changes["label"]
    tensor = request.inputs[changes.get("name", INPUT)]
    tensor.dtype = changes.get("dtype", _FLOAT)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        if name == "tensor_content":
            tensor.tensor_content = value
        else:
            getattr(tensor, name).extend(value)
    request.output_filter.extend(changes.get("outputs", []))
    return bytes(request.SerializeToString())


def _raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _letters(draw: random.Random) -> str:
    return "q" + "".join(draw.choices("abcdefghijklmnopqrstuvwyz", k=draw.randrange(1, 12)))


def _bytes(draw: random.Random) -> bytes:
    return draw.randbytes(draw.randrange(1, _MOST_BYTES)).replace(b"\n", b"")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _changed(draw: random.Random, part: str) -> str:
    """Change one character, but not the last one, some of whose bits mean nothing."""
    place = draw.randrange(len(part) - 1)
    other = draw.choice([letter for letter in "ABCDwxyz0189-_" if letter != part[place]])
    return part[:place] + other + part[place + 1 :]


def _claims(draw: random.Random) -> str:
    claims = {"sub": _letters(draw), "iss": "kit", "aud": MODEL, "exp": draw.randrange(1 << 33)}
    return _base64(json.dumps(claims).encode())
