"""The model and the requests for measuring the server: the sample's recommender, 100 candidates per request."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from kit.bench.chain import kit_command, run_timed
from kit.workspace_folders import ARTIFACTS

NAME = "recommender"
CANDIDATES = 100
REQUESTS = 500  # distinct requests, sent in turn
TIMESTAMP = 1_767_225_600.0
_SEED = 7


@dataclass(frozen=True)
class Sample:
    """A model, and requests for it.

    Attributes:
        base: the folder of the model's versions.
        users: the user ids, one per request.
        items: the ids of the candidate items, [requests, CANDIDATES].
    """

    base: Path
    users: tuple[str, ...]
    items: tuple[tuple[str, ...], ...]

    @property
    def version(self) -> Path:
        """Folder of the latest version."""
        return max(
            (each for each in self.base.iterdir() if each.name.isdigit()), key=lambda each: int(each.name)
        )

    def messages(self) -> tuple[bytes, ...]:
        """Return serialized PredictRequests, each for one user."""
        return tuple(_message(user, items) for user, items in zip(self.users, self.items, strict=True))

    def rows_json(self) -> tuple[bytes, ...]:
        """Return REST bodies in row format."""
        return tuple(json.dumps({"instances": [row]}).encode() for row in self._rows())

    def plain_json(self) -> tuple[bytes, ...]:
        """Return bodies as one would design them for a server of this model only."""
        return tuple(json.dumps(row).encode() for row in self._rows())

    def _rows(self) -> list[dict[str, object]]:
        return [
            {"user_id": user, "item_ids": items, "timestamp": TIMESTAMP}
            for user, items in zip(self.users, self.items, strict=True)
        ]


def sample(folder: Path, trained: Path | None = None) -> Sample:
    """Return the model with its requests.

    Args:
        folder: the folder for a copy of the model.
        trained: the folder of a trained version; None: the kit's notebooks train one.
    """
    base = folder / "models" / NAME
    shutil.copytree(trained or _train(folder / "workspace"), base / "1")
    random = np.random.default_rng(_SEED)
    known = {name: (base / "1" / "assets" / name).read_text().splitlines() for name in ("user_id", "item_id")}
    users = random.choice(known["user_id"], REQUESTS)
    items = random.choice(known["item_id"], (REQUESTS, CANDIDATES))
    return Sample(base, tuple(users.tolist()), tuple(map(tuple, items.tolist())))


def _train(workspace: Path) -> Path:
    run_timed(kit_command("run", "01_data", "02_features", "03_train", "-w", str(workspace)))
    (found,) = (workspace / ARTIFACTS / NAME / "Trainer" / "model").glob("*/Format-Serving")
    return found


def _message(user: str, items: tuple[str, ...]) -> bytes:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = NAME
    request.inputs["user_id"].CopyFrom(_texts((user,), 1))
    request.inputs["item_ids"].CopyFrom(_texts(items, 1, CANDIDATES))
    request.inputs["timestamp"].CopyFrom(
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=_shape(1), float_val=[TIMESTAMP])
    )
    return bytes(request.SerializeToString())


def _texts(values: tuple[str, ...], *sizes: int) -> tensor_pb2.TensorProto:
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        tensor_shape=_shape(*sizes),
        string_val=[value.encode() for value in values],
    )


def _shape(*sizes: int) -> tensor_shape_pb2.TensorShapeProto:
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)
