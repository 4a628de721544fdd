"""Score a batch of examples: transformed features and predictions, in the places of TFMA's extracts.

A SavedModel is loaded in one of two ways. Where its signatures take serialized examples, which those of the kit's
models do, its graph goes into a session, all signatures of a batch in one call: half the time of
`tf.saved_model.load`, which makes every function of the model callable from Python. Else TFMA's own code calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import transformed_features_extractor
from tensorflow_model_analysis.utils import model_util

Extracts: TypeAlias = dict[str, Any]
Score: TypeAlias = Callable[[Extracts], Extracts]

_DEFAULTS = list(transformed_features_extractor._DEFAULT_SIGNATURE_NAMES)  # noqa: SLF001


def scorer(specs: Sequence[Any], models: Sequence[Any], wanted: Collection[str]) -> Score:
    """Return a function that adds the models' results to the extracts of a batch.

    Args:
        specs: TFMA's ModelSpecs.
        models: TFMA's shared models.
        wanted: the transformed features that are needed.
    """
    by_name = {model.model_name: model for model in models}
    found = {}
    for spec in specs:
        name = spec.name if len(specs) > 1 else ""
        in_session = _InSession.of(spec, by_name[name].model_path, wanted)
        if in_session is None:
            return _by_tfma(specs, by_name)
        found[name] = in_session
    return _by_sessions(found)


def _by_sessions(models: Mapping[str, _InSession]) -> Score:
    def score(extracts: Extracts) -> Extracts:
        made = {name: model(extracts[constants.INPUT_KEY]) for name, model in models.items()}
        transformed = {name: one.transformed for name, one in made.items()}
        predictions = {name: one.predictions for name, one in made.items()}
        # With a single model there is no dict by model.
        return {
            **extracts,
            constants.TRANSFORMED_FEATURES_KEY: transformed.get("", transformed),
            constants.PREDICTIONS_KEY: predictions.get("", predictions),
        }

    return score


def _by_tfma(specs: Sequence[Any], models: Mapping[str, Any]) -> Score:
    names = {spec.name if len(specs) > 1 else "": spec for spec in specs}
    calls = [
        model_util.ModelSignaturesDoFn(
            model_specs=specs,
            eval_shared_models=models,
            output_keypath=(constants.TRANSFORMED_FEATURES_KEY,),
            signature_names={name: list(spec.preprocessing_function_names) for name, spec in names.items()},
            default_signature_names=_DEFAULTS,
            prefer_dict_outputs=True,
        ),
        model_util.ModelSignaturesDoFn(
            model_specs=specs,
            eval_shared_models=models,
            output_keypath=(constants.PREDICTIONS_KEY,),
            signature_names={name: [spec.signature_name] for name, spec in names.items()},
            prefer_dict_outputs=False,
        ),
    ]
    for call in calls:
        call.setup()

    def score(extracts: Extracts) -> Extracts:
        for call in calls:
            [extracts] = call._batch_reducible_process(extracts)  # noqa: SLF001  `process` hides why it fails
        return extracts

    return score


class _Made(NamedTuple):
    transformed: dict[str, Any]
    predictions: Any


class _InSession:
    """A model whose graph is in a session.

    Args:
        path: the path of the SavedModel.
        transformed: tensors of the wanted features by their names.
        predictions: tensors of the predictions by their names.
        inputs: the tensors that take serialized examples.
    """

    def __init__(
        self,
        path: str,
        transformed: Mapping[str, str],
        predictions: Mapping[str, str],
        inputs: Collection[str],
    ) -> None:
        self._fetches, self._inputs = (dict(transformed), dict(predictions)), list(inputs)
        options = tf.compat.v1.ConfigProto()
        # Optimizing the graph takes longer than running it a few times.
        options.graph_options.rewrite_options.disable_meta_optimizer = True
        options.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
        graph = tf.Graph()
        with graph.as_default():
            self._session = tf.compat.v1.Session(graph=graph, config=options)
            loader_impl.load(self._session, [tf.saved_model.SERVING], path)

    def __call__(self, examples: Any) -> _Made:
        transformed, predictions = self._session.run(self._fetches, dict.fromkeys(self._inputs, examples))
        single = next(iter(predictions.values())) if len(predictions) == 1 else predictions
        return _Made(transformed, single)

    @classmethod
    def of(cls, spec: Any, path: str, wanted: Collection[str]) -> _InSession | None:
        """Return the model; None: its signatures are not all there, or take something other than examples."""
        names = list(spec.preprocessing_function_names)
        signatures = _signatures(path)
        if not names or not all(
            _takes_examples(signatures.get(name)) for name in (*names, spec.signature_name)
        ):
            return None
        outputs: dict[str, str] = {}
        for name in names:
            outputs |= {key: one.name for key, one in signatures[name].outputs.items()}
        predict = signatures[spec.signature_name]
        inputs = {
            one.name for name in (*names, spec.signature_name) for one in signatures[name].inputs.values()
        }
        return cls(
            path,
            {key: tensor for key, tensor in outputs.items() if key in wanted},
            {key: one.name for key, one in predict.outputs.items()},
            inputs,
        )


def _signatures(path: str) -> Mapping[str, Any]:
    """Return the signatures of the graph for serving; none if others were saved as well."""
    graphs = loader_impl.parse_saved_model(path).meta_graphs
    served = [graph for graph in graphs if list(graph.meta_info_def.tags) == [tf.saved_model.SERVING]]
    return served[0].signature_def if len(served) == 1 == len(graphs) else {}


def _takes_examples(signature: Any) -> bool:
    if signature is None or len(signature.inputs) != 1:
        return False
    [(name, given)] = signature.inputs.items()
    dense = all(one.WhichOneof("encoding") == "name" for one in (given, *signature.outputs.values()))
    # TFMA feeds an input the feature of the same name, if there is one.
    is_example = name in {"examples", "serialized_examples", "input_example_tensor"}
    one_a_row = [dim.size for dim in given.tensor_shape.dim] == [-1]
    return bool(dense and is_example and one_a_row and given.dtype == tf.string.as_datatype_enum)
