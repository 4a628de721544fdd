"""The interceptor that takes note of requests and answers."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from tensorflow_serving.apis import prediction_log_pb2

from kit.serving.errors import ServerError, ServingError, invalid
from kit.serving.headers import REQUEST_ID
from kit.serving.hooks import RequestContext
from kit.serving.prediction_log.config import Plan, others_plan, own_plans
from kit.serving.prediction_log.writer import Limits, LogWriter, Told
from kit.serving.settings import Settings

_KINDS = {
    "Predict": "predict_log",
    "Classify": "classify_log",
    "Regress": "regress_log",
    "MultiInference": "multi_inference_log",
}
_LONGEST_ID = 256
METRIC = "kit_serving_prediction_log_records"
_HELP = (
    "Records of the prediction log: written, dropped as the line was full, lost as they could not be written."
)


class Logger(Collector):
    """Logs the answers of the configured models; failed requests are in the server's metrics only."""

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        """Read the configuration.

        Args:
            settings: the server's settings.
            limits: the limits of the queue and the files.

        Raises:
            ServerError: when it cannot be read.
        """
        self._own = own_plans(settings.models().model_config_list.config)
        self._others = others_plan(settings)
        self._tags = [tag.strip() for tag in settings.saved_model_tags.split(",")]
        self._limits, self._lock = limits, threading.Lock()
        self._writers: dict[Path, LogWriter] = {}  # by what the names of their files begin with
        self._counts: Counter[tuple[str, str]] = Counter()

    def configure(self, models: Mapping[str, Any]) -> None:
        """Log what the ModelConfigs say from now on; a new prefix begins new files.

        Raises:
            ServingError: INVALID_ARGUMENT when one asks for something unsupported; nothing changes.
        """
        try:
            self._own = own_plans(models.values())
        except ServerError as error:
            raise invalid(str(error)) from error

    def before(self, context: RequestContext) -> None:
        """Do nothing: there is no answer yet."""

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Queue a record, if the request is in the sample."""
        del seconds
        plan = self._own.get(context.model, self._others)
        if plan is None or isinstance(response, ServingError) or context.api not in _KINDS or version is None:
            return
        if plan.rate < 1 and random.random() >= plan.rate:  # noqa: S311  a sample, no secret
            return
        request_id = context.metadata.get(REQUEST_ID, "")[:_LONGEST_ID] or uuid.uuid4().hex
        make = partial(self._record, context, response, version, plan.rate, request_id, int(time.time()))
        self._writer(context.model, plan).offer(make, context.request.ByteSize() + response.ByteSize())

    def _record(  # noqa: PLR0913, PLR0917  what a record is made of
        self, context: RequestContext, response: Any, version: int, rate: float, request_id: str, when: int
    ) -> bytes:
        log = prediction_log_pb2.PredictionLog()
        metadata = log.log_metadata
        metadata.model_spec.name, metadata.model_spec.version.value = context.model, version
        metadata.model_spec.signature_name = context.signature
        metadata.sampling_config.sampling_rate = rate
        metadata.saved_model_tags.extend(self._tags)
        metadata.timestamp_secs, metadata.request_origin = when, request_id
        kind = getattr(log, _KINDS[context.api])
        kind.request.CopyFrom(context.request)
        kind.response.CopyFrom(response)
        data: bytes = log.SerializeToString()
        return data

    def _writer(self, model: str, plan: Plan) -> LogWriter:
        stem = Path(f"{plan.prefix}-{model}")
        writer = self._writers.get(stem)
        if writer is None:
            with self._lock:
                writer = self._writers.setdefault(stem, LogWriter(stem, self._told(model), self._limits))
        return writer

    def _told(self, model: str) -> Told:
        def count(outcome: str) -> Callable[[int], None]:
            def add(records: int) -> None:
                with self._lock:
                    self._counts[model, outcome] += records

            return add

        return Told(count("dropped"), count("written"), count("lost"))

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield how many records were written, dropped and lost, for the server's metrics."""
        family = CounterMetricFamily(METRIC, _HELP, labels=("model_name", "outcome"))
        with self._lock:
            for labels, records in sorted(self._counts.items()):
                family.add_metric(labels, records)
        yield family

    def close(self) -> None:
        """Write the queued records."""
        for writer in list(self._writers.values()):
            writer.close()


def make(settings: Settings) -> Logger:
    """Make the interceptor for a server."""
    return Logger(settings)
