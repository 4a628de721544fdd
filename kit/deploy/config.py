"""The `deploy` section of project.yml: Kubernetes and container images."""

from __future__ import annotations

import math
import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from kit.containers import quantities
from kit.project_section import Section, written

# Names of Kubernetes (RFC 1123); 40 letters, so that `-canary` and what Kubernetes adds to a pod's name still fit.
NAME = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
_NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_WITHIN = r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$"
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
)
_MILLI = 1000
_Count = Annotated[int, Field(ge=1, le=1000)]


def is_label(key: str, value: str) -> bool:
    """Return whether Kubernetes accepts this as a label of an object."""
    return bool(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value))


def _name(value: str) -> str:
    return written(
        value,
        _NAMESPACE,
        "it is written as at most 63 lowercase letters, digits and -, with no - first or last",
    )


def _folder(value: str) -> str:
    return written(
        value, _WITHIN, "it is written as names of folders with / between them, such as serving/shop"
    )


_Name = Annotated[str, AfterValidator(_name)]


class Container(Section):
    """An image and its resources; it requests as much as its limit, so that its neighbours cannot slow it."""

    image: Annotated[str, AfterValidator(quantities.image)]
    cpu: Annotated[str, AfterValidator(quantities.cores)] = Field(
        default="2", description="cores, in Kubernetes notation"
    )
    memory: Annotated[str, AfterValidator(quantities.memory)] = Field(
        default="2Gi", description="memory, in Kubernetes notation"
    )

    @property
    def cores(self) -> int:
        """Whole cores: the number of threads that it can keep busy."""
        amount = float(self.cpu.removesuffix("m")) / (_MILLI if self.cpu.endswith("m") else 1)
        return max(1, math.ceil(amount))

    @field_validator("image")
    @classmethod
    def _fixed(cls, value: str) -> str:
        name = value.rpartition("/")[2]
        if "@sha256:" not in value and (":" not in name or name.endswith(":latest")):
            raise ValueError(
                f"an image needs a tag other than latest, or a digest, or nobody knows what runs; {value!r} has none"
            )
        return value


class Scaling(Section):
    """How many pods there are, by the cores that they use or the requests that they answer."""

    min_replicas: _Count = 2
    max_replicas: _Count = 10
    cpu_percent: int = Field(
        default=60,
        ge=1,
        le=100,
        description="average use of the cores of the server's container that is aimed at",
    )
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="requests per second and pod that are aimed at, instead of the use of cores; the cluster "
        "must provide this metric per pod (Prometheus adapter)",
    )
    requests_metric: str = Field(default="requests_per_second", min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas {self.max_replicas} is below min_replicas {self.min_replicas}")
        return self


class Clients(Section):
    """Pods that may connect to the gateway; it asks them for a token all the same."""

    labels: dict[str, str] = Field(
        default_factory=dict, description="labels of these pods; `<name>-client: 'true'` unless given"
    )
    namespace: _Name | None = Field(
        default=None, description="namespace of these pods; the servers' own unless given"
    )

    @field_validator("labels")
    @classmethod
    def _labels(cls, value: dict[str, str]) -> dict[str, str]:
        for key, one in value.items():
            if not is_label(key, one):
                raise ValueError(f"{key}: {one!r} cannot be a label of Kubernetes")
        return value


class Batching(Section):
    """TensorFlow Serving's BatchingParameters, where no file has them."""

    max_batch_size: int = Field(default=32, ge=1, description="most rows in a batch")
    batch_timeout_micros: int = Field(
        default=1000, ge=0, description="how long the first request of a batch waits for others"
    )
    max_enqueued_batches: int = Field(default=100, ge=1)
    num_batch_threads: int | None = Field(
        default=None, ge=1, description="as many as the container has cores unless given"
    )
    allowed_batch_sizes: tuple[Annotated[int, Field(ge=1)], ...] = ()
    pad_variable_length_inputs: bool = False

    @model_validator(mode="after")
    def _sizes_end_with_largest(self) -> Self:
        """Check the rule of TensorFlow Serving, which would refuse to start."""
        sizes = self.allowed_batch_sizes
        if sizes and (list(sizes) != sorted(set(sizes)) or sizes[-1] != self.max_batch_size):
            raise ValueError(
                f"allowed_batch_sizes must rise and end with max_batch_size {self.max_batch_size}, found {sizes}"
            )
        return self


class DeploySettings(Section):
    """Where and how a project's model is served outside of notebooks."""

    name: str = Field(default="", description="name of all objects; the project's name unless given")
    namespace: _Name = "default"
    serving: Container = Container(image="tensorflow/serving:2.20.0")
    gateway: Container = Container(image="envoyproxy/envoy:distroless-v1.40.0", cpu="1", memory="512Mi")
    scaling: Scaling = Scaling()
    clients: Clients = Clients()
    monitoring_namespace: _Name = Field(
        default="monitoring", description="namespace of the pods that may read the metrics"
    )
    claim: _Name = Field(
        default="kit-workspace",
        description="PersistentVolumeClaim that holds the workspace; mounted read-only here",
    )
    claim_folder: Annotated[str, AfterValidator(_folder)] = Field(
        default="serving", description="folder of the pushed models in it; empty: all of it"
    )
    secrets: _Name = Field(
        default="kit-secrets",
        description="Secret that holds the notebooks' secrets, keyed by their environment variables",
    )
    tls_secret: _Name | None = Field(
        default=None, description="Secret of the type kubernetes.io/tls that holds the gateway's certificate"
    )
    batching: Batching | None = Batching()
    batching_file: str | None = Field(
        default=None, description="batching parameters file to use instead, relative to the project"
    )
    base_image: Annotated[str, AfterValidator(quantities.image)] = Field(
        default="python:3.12-slim-trixie",
        description="base of the kit's own images; needs glibc 2.38 or newer",
    )

    @field_validator("name")
    @classmethod
    def _possible(cls, value: str) -> str:
        if value and not re.match(NAME, value):
            raise ValueError(
                f"a name is at most 40 lowercase letters, digits and -, a letter first; not {value!r}"
            )
        return value
