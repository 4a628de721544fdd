"""Servable: one version of a model, loaded, and asked through its signatures.

It is loaded into a graph and a session of its own, as TensorFlow Serving does, and not by `tf.saved_model.load`: that
takes twice as long, builds Python objects for every function and would share one eager context between all versions.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model.constants import INIT_OP_SIGNATURE_KEY

from kit.serving.errors import ServingError, code_of, invalid
from kit.serving.gathering import Computes, Done
from kit.serving.graph_session import GraphSession
from kit.serving.improved_graph import improve
from kit.serving.inputs import feeds_of, inputs_of
from kit.serving.saved_model import open_session, read_saved_model
from kit.serving.turns import step

DEFAULT_SIGNATURE = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
METHODS = (
    tf.saved_model.PREDICT_METHOD_NAME,
    tf.saved_model.CLASSIFY_METHOD_NAME,
    tf.saved_model.REGRESS_METHOD_NAME,
)
Array = np.ndarray[Any, Any]
_KEPT_CALLABLES = 64
"""Pairs of signature and outputs whose executors are kept; a client could otherwise ask for all subsets of outputs."""


class Question(NamedTuple):
    """A request as its graph takes it.

    Attributes:
        feeds: arrays by the names of tensors.
        fetches: names of the tensors to compute.
        names: those of the signature for them, in the same order.
    """

    feeds: dict[str, Array]
    fetches: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def alike(self) -> tuple[object, ...]:
        """Equal for those questions to one version whose rows can be stacked."""
        return self.fetches, *[array.shape[1:] for array in self.feeds.values()]


class Servable:
    """One loaded version. May be asked by many threads at once.

    Attributes:
        name: the name of the model.
        version: its number.
        folder: the folder that it was loaded from.
        meta_graph: the MetaGraphDef that was loaded.
        signatures: SignatureDef by name.
        warming: whether it is being warmed up, and has no traffic yet.
    """

    warming = False

    def __init__(self, name: str, version: int, folder: Path, meta_graph: Any) -> None:
        """Take over a version whose graph no session has yet; one that batches adds operations to it."""
        self.name, self.version, self.folder, self.meta_graph = name, version, folder, meta_graph
        self._session: GraphSession
        found = meta_graph.signature_def
        self.signatures: dict[str, Any] = {key: found[key] for key in found if key != INIT_OP_SIGNATURE_KEY}
        self._inputs = {key: inputs_of(signature) for key, signature in self.signatures.items()}
        self._outputs = {key: _outputs_of(signature) for key, signature in self.signatures.items()}
        self._callables: OrderedDict[tuple[tuple[str, ...], ...], Callable[..., Sequence[Array]]]
        self._callables, self._lock = OrderedDict(), threading.Lock()

    @classmethod
    def load(
        cls,
        name: str,
        version: int,
        folder: Path,
        *,
        config: Any = None,
        tags: Sequence[str] = (tf.saved_model.SERVING,),
    ) -> Self:
        """Load a SavedModel.

        Args:
            name: the name of the model.
            version: its number.
            folder: the folder with saved_model.pb.
            config: the ConfigProto of the session.
            tags: the tags of the graph.

        Raises:
            ServingError: when it cannot be loaded, with TensorFlow's reason.
        """
        try:
            with step():
                meta_graph = read_saved_model(folder, tags)
            with step():
                improved = improve(meta_graph, config)
            servable = cls(name, version, folder, meta_graph)
            servable._session = open_session(folder, meta_graph, improved)
        except tf.errors.OpError as error:
            raise ServingError(code_of(error.error_code), error.message) from error
        except (OSError, RuntimeError, ValueError) as error:  # no such file or tag, or an invalid graph
            raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not load {folder}: {error}") from error
        return servable

    def close(self) -> None:
        """Free its memory; it cannot be asked any more."""
        with self._lock:
            callables = list(self._callables.values())
            self._callables.clear()
        while callables:  # each frees a part of what the session would free at once
            with step():
                del callables[-1]
        self._session.close()

    def signature(self, name: str) -> Any:
        """Return the SignatureDef of a name; empty is serving_default.

        Raises:
            ServingError: FAILED_PRECONDITION when there is none.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise ServingError(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        return self.signatures[name]

    def run(
        self, signature_name: str, inputs: Mapping[str, Any], output_filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        """Ask through a signature.

        Args:
            signature_name: empty is serving_default.
            inputs: arrays, tensors or TensorProtos by the names of the signature; one that is left out has the
                default of the signature, if it has one.
            output_filter: names of the outputs to compute; all of them when it is empty.

        Returns:
            The outputs by name; texts are arrays of bytes objects.

        Raises:
            ServingError: INVALID_ARGUMENT when the request does not fit, and what TensorFlow says when it fails.
        """
        question = self.question(signature_name, inputs, output_filter)
        return dict(zip(question.names, self.compute(question.feeds, question.fetches), strict=True))

    def question(
        self, signature_name: str, inputs: Mapping[str, Any], output_filter: Sequence[str] = ()
    ) -> Question:
        """Return what `run` computes, checked, without computing it.

        Raises:
            ServingError: INVALID_ARGUMENT when the request does not fit.
        """
        signature, key = self.signature(signature_name), signature_name or DEFAULT_SIGNATURE
        feeds = feeds_of(signature, self._inputs[key], inputs)
        names, fetches = _chosen_outputs(signature, output_filter) if output_filter else self._outputs[key]
        return Question(feeds, fetches, names)

    def compute(self, feeds: Mapping[str, Array], fetches: Sequence[str]) -> Sequence[Array]:
        """Compute tensors of the graph from others, both by their names in it; a servable that batches overrides this.

        Raises:
            ServingError: what TensorFlow says when it fails.
        """
        names = tuple(sorted(feeds))
        try:
            found = self._callable(names, tuple(fetches))(*(feeds[name] for name in names))
        except tf.errors.OpError as error:
            raise ServingError(code_of(error.error_code), error.message) from error
        except UnicodeDecodeError as error:
            # TensorFlow's message quotes what the request sent, and that is no text.
            raise invalid(error.object.decode(errors="replace")) from error
        # A session gives one text without dimensions as bytes, which have neither shape nor dtype.
        return [np.array(value, object) if isinstance(value, bytes) else value for value in found]

    def batch_of(self, question: Question) -> tuple[Computes, int] | None:
        """Return what computes a question together with others, and its rows; None if it is computed alone.

        Raises:
            ServingError: when it cannot be a batch.
        """
        del question  # a servable that batches overrides this
        return None

    def timed(self, done: Done) -> Done:
        """Return the callback to use in place of `done`; a servable that measures overrides this."""
        return done

    def _callable(self, feeds: tuple[str, ...], fetches: tuple[str, ...]) -> Callable[..., Sequence[Array]]:
        with self._lock:
            found = self._callables.get((feeds, fetches))
            if found is None:
                found = self._callables[feeds, fetches] = self._session.callable(feeds, fetches)
                while len(self._callables) > _KEPT_CALLABLES:
                    self._callables.popitem(last=False)
            self._callables.move_to_end((feeds, fetches))
        return found


def _outputs_of(signature: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the outputs of a signature, and those of their tensors."""
    names = tuple(sorted(signature.outputs))
    return names, tuple(signature.outputs[name].name for name in names)


def _chosen_outputs(signature: Any, output_filter: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for name in output_filter:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {{{','.join(sorted(signature.outputs))}}}."
            )
        if list(output_filter).count(name) > 1:
            raise invalid(f"duplicate output tensor alias: {name}")
    return tuple(output_filter), tuple(signature.outputs[name].name for name in output_filter)
