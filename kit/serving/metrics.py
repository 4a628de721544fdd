"""The server's metrics: TensorFlow Serving's under their own names, and the kit's where it has none.

Prometheus reads them from the REST port, at the path in the monitoring file, when that enables them. Times are in
microseconds, as there. The real server's batching metrics are missing: TensorFlow exposes them to C++ only.

| metric | what | labels |
| --- | --- | --- |
| :tensorflow:serving:request_count | requests answered, by gRPC status | model_name, status |
| :tensorflow:serving:request_latency | time of successful requests | model_name, API, entrypoint |
| :tensorflow:serving:runtime_latency | time in TensorFlow, incl. waiting for a batch | model_name, API, runtime |
| :tensorflow:serving:request_example_counts | examples of a classify or regress request | model |
| :tensorflow:serving:request_example_count_total | the sum of these | model |
| :tensorflow:cc:saved_model:load_attempt_count | attempts to load a version | model_path, status |
| :tensorflow:cc:saved_model:load_latency | time to load a version | model_path |
| kit_serving_requests_running | requests that are being answered | transport |
| kit_serving_rest_waiting | REST requests that wait for a thread | |
| kit_serving_version_state | 1 for each known version | model_name, version, state |
| kit_serving_label_version | the version that a label points to | model_name, label |

Source of the names: tensorflow_serving/servables/tensorflow/util.cc, tensorflow/cc/saved_model/loader.cc and
tensorflow_serving/util/prometheus_exporter.cc.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kit.serving.errors import ServingError
from kit.serving.gathering import Done, Values
from kit.serving.hooks import RequestContext
from kit.serving.manager import Manager
from kit.serving.servable import Servable
from kit.serving.transport import Transport

_MICROS = 1e6
# Buckets::Exponential(10, 1.8, 33), up to 20 minutes, and Exponential(1, 2, 15), with the real server's six digits.
_LATENCIES = [float(f"{10 * 1.8**power:g}") for power in range(33)]
_COUNTS = [float(1 << power) for power in range(15)]
_RUNTIME = "TF1"  # the real server's word for a session
_SERVING, _SAVED_MODEL = ":tensorflow:serving:", ":tensorflow:cc:saved_model:"


class Metrics:
    """The metrics of one server; as an interceptor it sees every request. Thread-safe.

    Attributes:
        registry: prometheus_client's registry, to which others may add their own metrics.
        path: the path of the metrics page.
    """

    def __init__(self, path: str) -> None:
        """Create all metrics, at zero.

        Args:
            path: the path of the metrics page.
        """
        self.path = path
        self.registry = CollectorRegistry()
        self._manager: Manager | None = None
        self._now = threading.local()  # API and model of the request that this thread answers
        self._counters: dict[str, str] = {}
        self._requests = self._counter(
            f"{_SERVING}request_count", "The total number of requests.", "model_name", "status"
        )
        self._latency = self._histogram(
            f"{_SERVING}request_latency",
            "Distribution of wall time (in microseconds) for Tensorflow Serving request.",
            _LATENCIES,
            ("model_name", "API", "entrypoint"),
        )
        self._runtime = self._histogram(
            f"{_SERVING}runtime_latency",
            "Distribution of wall time (in microseconds) for Tensorflow runtime.",
            _LATENCIES,
            ("model_name", "API", "runtime"),
        )
        self._examples = self._histogram(
            f"{_SERVING}request_example_counts",
            "The number of tensorflow.Examples per request.",
            _COUNTS,
            ("model",),
        )
        self._all_examples = self._counter(
            f"{_SERVING}request_example_count_total", "The total number of tensorflow.Examples.", "model"
        )
        self._loads = self._counter(
            f"{_SAVED_MODEL}load_attempt_count", "SavedModels loaded, or tried.", "model_path", "status"
        )
        self._load_latency = self._counter(
            f"{_SAVED_MODEL}load_latency",
            "Latency in microseconds for SavedModels that were successfully loaded.",
            "model_path",
        )
        self._running = Gauge(
            "kit_serving_requests_running",
            "Requests that are being answered.",
            ["transport"],
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        counter = Counter(name, text, labels, registry=self.registry)
        # prometheus_client strips "_total" from the name and appends it to the sample, wanted or not.
        self._counters[name.removesuffix("_total")] = name
        return counter

    def _histogram(self, name: str, text: str, buckets: list[float], labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def watch(self, manager: Manager) -> None:
        """Report the versions of a manager from now on."""
        self._manager = manager
        self.registry.register(_Versions(manager))

    def watch_queue(self, length: Callable[[], int]) -> None:
        """Report how many REST requests wait for a thread."""
        gauge = Gauge(
            "kit_serving_rest_waiting", "Requests of REST that wait for a thread.", registry=self.registry
        )
        gauge.set_function(length)

    def before(self, context: RequestContext) -> None:
        """Take note of a request that begins."""
        self._now.api, self._now.model = context.api, self._known(context.model)
        self._running.labels(context.transport.name).inc()

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Take note of a request's end. REST calls `answered` itself, since it refuses many requests earlier."""
        self._now.api = ""
        self._running.labels(context.transport.name).dec()
        code = response.code if isinstance(response, ServingError) else grpc.StatusCode.OK
        if context.transport != Transport.REST:
            self.answered(context.model, context.api, context.transport, code, seconds)
        if version is not None and code is grpc.StatusCode.OK:
            self._count_examples(context)

    def answered(
        self, model: str, api: str, entrypoint: Transport, code: grpc.StatusCode, seconds: float
    ) -> None:
        """Count a request.

        Args:
            model: the requested model.
            api: the API's name; empty: the time is not counted.
            entrypoint: how it came.
            code: the answer's status.
            seconds: how long it took.
        """
        known = self._known(model)
        self._requests.labels(known, code.name).inc()
        if api and code is grpc.StatusCode.OK:
            self._latency.labels(known, api, entrypoint.name).observe(seconds * _MICROS)

    def _known(self, model: str) -> str:
        """Return the name of a model, or "" if it does not exist: strangers could invent any number of names."""
        return model if self._manager is not None and model in self._manager.models else ""

    def _count_examples(self, context: RequestContext) -> None:
        given = getattr(context.request, "input", None)
        kind = given.WhichOneof("kind") if given is not None else None
        if kind:
            count = len(getattr(given, kind).examples)
            self._examples.labels(context.model).observe(count)
            self._all_examples.labels(context.model).inc(count)

    def timed(self, servable_class: type[Servable]) -> type[Servable]:
        """Return a class of servables whose loading and computing are measured."""
        metrics = self

        class Timed(servable_class):  # type: ignore[misc, valid-type]  # a class that is known at run time only
            @classmethod
            def load(cls, name: str, version: int, folder: Path, **options: Any) -> Self:
                with metrics._loading(folder):
                    return super().load(name, version, folder, **options)  # type: ignore[no-any-return]

            def compute(self, *arguments: Any, **options: Any) -> Any:
                started = time.perf_counter()
                try:
                    return super().compute(*arguments, **options)
                finally:
                    metrics._computed(time.perf_counter() - started)

            def timed(self, done: Done) -> Done:
                return metrics._timed_until(done)

        return Timed

    def _timed_until(self, done: Done) -> Done:
        """Wrap a callback so that it measures the time from now on: another thread computes, perhaps a whole batch."""
        started, api, model = time.perf_counter(), self._now.api, self._now.model
        self._now.api = ""  # this thread may compute for others before the end of this request

        def told(found: Values | ServingError) -> None:
            self._runtime.labels(model, api, _RUNTIME).observe((time.perf_counter() - started) * _MICROS)
            done(found)

        return told

    @contextmanager
    def _loading(self, folder: Path) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        except BaseException:
            self._loads.labels(str(folder), "fail").inc()
            raise
        self._loads.labels(str(folder), "success").inc()
        self._load_latency.labels(str(folder)).inc((time.perf_counter() - started) * _MICROS)

    def _computed(self, seconds: float) -> None:
        if api := getattr(self._now, "api", ""):  # a warm-up has none
            self._runtime.labels(self._now.model, api, _RUNTIME).observe(seconds * _MICROS)

    def page(self) -> str:
        """Return all metrics in Prometheus's text format, counters under their exact names."""
        lines = []
        for family in self.registry.collect():
            name = self._counters.get(family.name, family.name)
            lines += [f"# HELP {name} {family.documentation}", f"# TYPE {name} {family.type}"]
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    shown = name if family.type == "counter" else sample.name
                    lines.append(f"{shown}{{{_labels(sample.labels)}}} {sample.value:.15g}")
        return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_label(name, value)}"' for name, value in labels.items())


def _label(name: str, value: str) -> str:
    if name == "le" and value != "+Inf":
        return f"{float(value):g}"
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class _Versions(Collector):
    """The versions and labels of a manager at the moment of collection."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    def collect(self) -> Iterable[Metric]:
        states = GaugeMetricFamily(
            "kit_serving_version_state", "1 for each version.", labels=["model_name", "version", "state"]
        )
        labels = GaugeMetricFamily(
            "kit_serving_label_version", "The version that a label points to.", labels=["model_name", "label"]
        )
        for model in self._manager.models:
            for label, version in self._manager.labels(model).items():
                labels.add_metric([model, label], version)
            try:
                found = self._manager.status(model)
            except ServingError:  # it has no versions
                continue
            for status in found:
                states.add_metric([model, str(status.version), status.state.value], 1)
        return states, labels
