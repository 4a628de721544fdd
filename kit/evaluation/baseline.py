"""The resolver of the baseline in a pipeline, where the model to judge does not exist when the pipeline is written."""

from __future__ import annotations

from typing import Any

from tfx import types
from tfx.dsl.components.common import resolver
from tfx.types import standard_artifacts

from kit.evaluation.blessing import is_blessed

_JUDGED = "current_model_id"  # Evaluator's word for its blessing


class LatestBlessedOther(resolver.ResolverStrategy):
    """TFX's LatestBlessedModelStrategy, but never the candidate.

    A model from the cache was blessed in the run before; compared with itself it would meet every gate on changes.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Return the model that was blessed last, with its blessing; the first model has none to be judged against."""
        del store
        candidates = {artifact.id for artifact in input_dict["candidate"]}
        others = {model.id: model for model in input_dict["model"] if model.id not in candidates}
        found: dict[str, list[types.Artifact]] = {name: [] for name in input_dict}
        for blessing in sorted(input_dict["model_blessing"], key=lambda blessing: int(blessing.id)):
            model = others.get(blessing.get_int_custom_property(_JUDGED))
            if model and is_blessed(blessing):
                found |= {"model": [model], "model_blessing": [blessing]}
        return found


def baseline_of(candidate: types.BaseChannel) -> resolver.Resolver:
    """Return the node whose output `model` is the baseline for a candidate; empty when there is none."""
    return resolver.Resolver(
        strategy_class=LatestBlessedOther,
        candidate=candidate,
        model=types.Channel(type=standard_artifacts.Model),
        model_blessing=types.Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("Baseline")
