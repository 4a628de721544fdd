"""Protections of a served model against extraction: answers that reveal a little less than the model knows.

An interceptor changes the scores of every answer after the model gave it and before it is sent. Every output of
floating-point numbers is taken for scores, whatever its name: an output that nobody thought of could tell all. What
`unchanged` names is sent as it is, and so are integers and texts.

- **rounding** to some decimals: close scores become equal;
- **top k**: only the k best scores of each list are kept, the others become 0; a list is the last dimension of a score,
  or all rows of a request if the score has one dimension;
- **noise** in log odds (or as a factor, where scores are not probabilities). It depends on a secret, the subject and
  the score alone, so asking again, in another order or among other rows, gives the same answer, and cannot be averaged
  out. Several subjects who pool their answers can do so: limiting subjects is the gateway's work.

The real TensorFlow Serving has no place for such an interceptor: there the protection is a rate limit in the gateway,
or a model that knows less (`kit.drill.distill`).

`kit.drill` measures on your own model how much each protects, and what it costs honest users.

Settings are in protect.yml beside models.config; the server is started with
`--interceptors=kit.serving.protect:protection`, after interceptors that must see the model's own answers (a prediction
log) and before those that should see the sent ones. If the protection itself fails, the answer is emptied: no answer is
better than an unprotected one.

    secret_variable: PROTECT_SECRET      # name of the environment variable with the secret of the noise
    models:
      recommender: {decimals: 2, top_k: 10, noise: 0.3, unchanged: [price]}
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from kit.project_section import Section, said_of
from kit.serving.errors import ServerError, ServingError
from kit.serving.headers import SUBJECT_HEADER
from kit.serving.hooks import RequestContext
from kit.serving.settings import Settings
from kit.serving.tensors import as_array, as_proto
from kit.strict_yaml import read_yaml

FILE = "protect.yml"
_KEY_BYTES, _NUMBER_BYTES = 32, 8
_NEAR_ZERO = 1e-7
Values = NDArray[np.float64]


class Protection(Section):
    """What is done to the scores of one model, all of its floating-point outputs; by default nothing."""

    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    top_k: Annotated[int, Field(ge=1)] | None = None
    noise: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] | None = Field(
        default=None,
        description="standard deviation, in log odds; relative to the score if scores are not probabilities",
    )

    @property
    def name(self) -> str:
        """What the protection does, in words."""
        parts = [
            f"{self.decimals} decimal{'' if self.decimals == 1 else 's'}"
            if self.decimals is not None
            else "",
            f"top {self.top_k} only" if self.top_k is not None else "",
            f"noise {self.noise:g}" if self.noise is not None else "",
        ]
        return ", ".join(part for part in parts if part) or "none"


class ServedProtection(Protection):
    """What is done to the scores of a served model."""

    unchanged: tuple[str, ...] = Field(
        default=(),
        description="names of outputs that are not scores, such as a price; they are sent as they are",
    )


class ProtectFile(Section):
    """The contents of protect.yml."""

    models: dict[str, ServedProtection]
    secret_variable: str = "KIT_PROTECT_SECRET"  # noqa: S105  the name of a variable

    @model_validator(mode="after")
    def _protects(self) -> ProtectFile:
        if idle := [name for name, one in self.models.items() if one.name == Protection().name]:
            raise ValueError(f"{', '.join(idle)} needs decimals, top_k or noise")
        return self


def protect(
    scores: Values,
    protection: Protection,
    subject: str = "",
    secret: bytes = b"",
    *,
    probabilities: bool = True,
) -> Values:
    """Return scores as a subject may see them.

    Args:
        scores: the model's scores, [rows] or [batch, rows]; the last dimension is a list.
        protection: what is done: first noise, then top k, then rounding.
        subject: who asks.
        secret: the secret that determines the noise.
        probabilities: whether the scores are probabilities, 0 to 1.
    """
    shown = np.asarray(scores, np.float64)
    if protection.noise is not None:
        drawn = protection.noise * _noise(shown, subject, secret)
        shown = _odds_moved(shown, drawn) if probabilities else shown * (1 + drawn)
    if protection.top_k is not None:
        shown = _best(shown, protection.top_k)
    if protection.decimals is not None:
        shown = np.round(shown, protection.decimals)
    return shown


def _noise(scores: Values, subject: str, secret: bytes) -> Values:
    """Return a standard normal number per score, the same for the same subject, score and secret.

    Made by the Box-Muller transform from the two halves of a keyed BLAKE2b hash (RFC 7693), so that nobody without the
    secret can tell it from chance.
    """
    key = hashlib.blake2b(subject.encode(), key=secret[:64], digest_size=_KEY_BYTES).digest()
    # As float32, the model's own type, the same score has the same bits whatever the transport.
    unique, places = np.unique(scores.astype(np.float32), return_inverse=True)
    words = b"".join(
        hashlib.blake2b(value.tobytes(), key=key, digest_size=_NUMBER_BYTES).digest() for value in unique
    )
    halves = np.frombuffer(words, "<u4").reshape(-1, 2).astype(np.float64)
    first, second = (halves[:, 0] + 1) / 2**32, halves[:, 1] / 2**32
    drawn = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    return np.asarray(drawn[places.reshape(scores.shape)], np.float64)


def _odds_moved(scores: Values, by: Values) -> Values:
    inside = np.clip(scores, _NEAR_ZERO, 1 - _NEAR_ZERO)
    return np.asarray(1 / (1 + np.exp(-(np.log(inside / (1 - inside)) + by))), np.float64)


def _best(scores: Values, k: int) -> Values:
    """Keep the k best scores of each list, the first of equal ones, and set the others to 0."""
    if scores.ndim == 0 or scores.shape[-1] <= k:
        return scores
    order = np.argsort(-scores, axis=-1, kind="stable")
    kept = np.zeros(scores.shape, bool)
    np.put_along_axis(kept, order[..., :k], values=True, axis=-1)
    return np.where(kept, scores, 0.0)


@dataclass(frozen=True)
class Protector:
    """The interceptor that protects answers.

    Attributes:
        models: the protection of each model; answers of other models are sent unchanged.
        secret: the secret that determines the noise.
    """

    models: Mapping[str, ServedProtection]
    secret: bytes = b""

    def before(self, context: RequestContext) -> None:
        """Do nothing: there is no answer yet."""

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Change the answer that is about to be sent."""
        del version, seconds
        chosen = self.models.get(context.model)
        if chosen is None or isinstance(response, ServingError) or context.api == "GetModelMetadata":
            return
        subject = context.metadata.get(SUBJECT_HEADER, "")
        try:
            self._change(response, chosen, subject)
        except BaseException:
            response.Clear()
            raise

    def _change(self, response: Any, chosen: ServedProtection, subject: str) -> None:
        if "outputs" in response.DESCRIPTOR.fields_by_name:
            self._change_tensors(response.outputs, chosen, subject)
        elif "results" in response.DESCRIPTOR.fields_by_name:  # a MultiInferenceResponse
            for result in response.results:
                kind = result.WhichOneof("result")
                self._change_numbers(getattr(result, kind), chosen, subject)
        else:
            self._change_numbers(response.result, chosen, subject)

    def _change_tensors(self, outputs: Any, chosen: ServedProtection, subject: str) -> None:
        for name, tensor in outputs.items():
            # Not by NumPy's kind of the array, which is not that of a float for bfloat16.
            if name in chosen.unchanged or not tf.as_dtype(tensor.dtype).is_floating:
                continue
            scores = as_array(name, tensor)
            shown = self._shown(scores, chosen, subject).astype(scores.dtype)
            tensor.CopyFrom(as_proto(shown, as_content=bool(tensor.tensor_content)))

    def _change_numbers(self, result: Any, chosen: Protection, subject: str) -> None:
        """Change the scores of a ClassificationResult or the values of a RegressionResult."""
        for owners, field in _owners(result):
            scores = np.array([getattr(owner, field) for owner in owners])
            for owner, value in zip(owners, self._shown(scores, chosen, subject), strict=True):
                setattr(owner, field, value)

    def _shown(self, scores: Any, chosen: Protection, subject: str) -> Values:
        found = np.asarray(scores, np.float64)
        inside = bool(((found >= 0) & (found <= 1)).all())
        return protect(found, chosen, subject, self.secret, probabilities=inside)


def _owners(result: Any) -> Iterable[tuple[list[Any], str]]:
    """Yield lists of messages that hold a number each, with the name of the number's field.

    The scores of one class over all examples are a list: the best k examples are wanted, not an example's best classes.
    """
    if "regressions" in result.DESCRIPTOR.fields_by_name:
        yield list(result.regressions), "value"
        return
    rows = [list(one.classes) for one in result.classifications]
    for place in range(max(map(len, rows), default=0)):
        yield [row[place] for row in rows if place < len(row)], "score"


def read_file(path: Path) -> ProtectFile:
    """Read a protect.yml.

    Raises:
        ServerError: when there is no such file, or it is not valid.
    """
    if not path.exists():
        raise ServerError(
            f"The protection of answers needs {path}, but it is not there. Write it, or leave the interceptor out."
        )
    try:
        return ProtectFile.model_validate(read_yaml(path, ServerError).content)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {said_of(one)}" for one in error.errors()
        )
        raise ServerError(f"{path} must say what protects each model, but {found}. Correct it.") from None


def protection(settings: Settings) -> Protector:
    """Make the interceptor for a server from protect.yml beside its models.config.

    Raises:
        ServerError: when the file is missing or not valid, or the secret is missing; then the server does not start.
    """
    content = read_file(Path(settings.model_config_file or settings.model_base_path).absolute().parent / FILE)
    secret = os.environ.get(content.secret_variable, "").encode()
    if not secret and any(one.noise is not None for one in content.models.values()):
        raise ServerError(
            f"Noise needs a secret, or whoever reads the code could remove it again, but {content.secret_variable} "
            "is not set. Set it in the server's environment, the same on all servers."
        )
    return Protector(content.models, secret)
