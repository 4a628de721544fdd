"""A server with two versions of a model, and an experiment between them that can be changed while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from kit.serving.experiments.config import INTERCEPTOR, ExperimentSettings
from kit.serving.experiments.experiment import Experiment, save
from kit.serving.server import ModelServer
from kit.serving.transport import Transport
from serving.models import NAME, settings_of

CONTROL_VERSION, CANDIDATE_VERSION = 1, 2


class Trial:
    """An experiment on the signature `pairs` of the linear model, whose input `text` is the user."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.root, self.base = folder, base
        self.experiment = Experiment(
            name="a",
            model=NAME,
            control=CONTROL_VERSION,
            candidate=CANDIDATE_VERSION,
            started="2026-01-01T00:00:00+00:00",
            settings=ExperimentSettings(unit="text", share=0.5),
        )
        self.server = self.make_server()

    def make_server(self) -> ModelServer:
        return ModelServer(
            settings_of(
                self.base,
                port=None,
                model_config_file=str(self.base.with_name("models.config")),
                experiment_config_file=str(self.root),
                interceptors=INTERCEPTOR,
            )
        )

    @property
    def folder(self) -> Path:
        return self.root / NAME

    def save(self, experiment: Experiment | None = None) -> None:
        save(self.folder, experiment or self.experiment)

    @staticmethod
    def request(*users: str, pairs: Sequence[Sequence[float]] = ()) -> Any:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = NAME, "pairs"
        request.inputs["text"].CopyFrom(tf.make_tensor_proto(list(users), tf.string))
        rows = pairs or [[1.0, 1.0]] * len(users)
        request.inputs["pair"].CopyFrom(
            tf.make_tensor_proto(rows, tf.float32, [len(rows), len(rows[0]) if rows else 2])
        )
        return request

    def ask(
        self, *users: str, transport: Transport = Transport.GRPC, version: int = 0, label: str = ""
    ) -> int:
        """Return the version that answers."""
        request = self.request(*users)
        if version:
            request.model_spec.version.value = version
        if label:
            request.model_spec.version_label = label
        return int(self.server.inference.predict(request, {}, transport).model_spec.version.value)
