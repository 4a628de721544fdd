"""LiteRTConverter: converts the latest evaluated model to LiteRT files, each compared with the model itself.

<variant>.tflite     float, float16, dynamic_range and int8, those that the runtime's operations allow
features.json        what a file takes, and the columns that each feature is computed from by Transform's graph
measured.json        the table, and the findings about the representative set
"""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import tensorflow as tf
import tensorflow_model_analysis as tfma
import tensorflow_transform as tft
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.types.artifact import Artifact

from kit.checks.rows import Rows
from kit.data.records import decoded_batches, read_records
from kit.errors import InfraCheckError
from kit.evaluation.config import eval_config
from kit.evaluation.latest import evaluated_inputs
from kit.evaluation.local.extract import Extractor
from kit.evaluation.local.rows import NotLocalError, Slices
from kit.evaluation.local.slices import slices_of
from kit.evaluation.local.support import check_slices
from kit.features.graph import RowGraph
from kit.project import Project
from kit.release.litert.config import Variant
from kit.release.litert.convert import convert
from kit.release.litert.interpreter import median_ms
from kit.release.litert.measure import Bench, Measured
from kit.release.litert.model_part import Features, ModelPart, check_same, origin_of, rebuild
from kit.release.litert.ranking import make_requests
from kit.release.litert.representative import choose, one_sided
from kit.release.signatures import MODEL_FOLDER
from kit.session import Session
from kit.steps.progress import report
from kit.training.config import Training
from kit.workspace import write_atomically

MEASURED_FILE, FEATURES_FILE = "measured.json", "features.json"
_TRAIN_ROWS = 200_000  # of the training split that the representative set is drawn from and compared with
_TRANSFORMED = 8_192  # rows at once
_REPEATS = 40


class LiteRTModels(Artifact):
    """The files, what they take, and what was measured of them.

    A type of its own: Evaluator and Pusher take a `Model`, and a server cannot load these.
    """

    TYPE_NAME = "LiteRTModels"


class LiteRTConverterExecutor(base_executor.BaseExecutor):
    """Converts and measures; whether a project's limits are kept is judged later (see `judge`)."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        settings = json.loads(exec_properties["settings"])
        project = Project.load(settings["project"])
        model, examples, transformed, graph = (
            Path(artifact_utils.get_single_uri(input_dict[name]))
            for name in ("model", "examples", "transformed_examples", "transform_graph")
        )
        folder = Path(artifact_utils.get_single_uri(output_dict["litert"]))
        part = rebuild(project, Training.model_validate(settings["training"]), graph, model / MODEL_FOLDER)

        report("rows of the training split for int8")
        split = training_rows(transformed, graph)
        chosen = choose(len(split[project.label_key]), settings["representative_rows"])
        representative = {name: values[chosen] for name, values in split.items()}
        findings = one_sided(representative, split, project.label_key)

        report("scores of the model")
        transform = RowGraph(graph)
        bench = make_bench(project, model / MODEL_FOLDER, examples, transform, part)
        measured = [bench.measure_model(lambda rows: median_ms(lambda: part.score(rows), _REPEATS))]
        for variant in get_args(Variant):
            report(f"{variant}")
            measured.append(_convert(folder, part, variant, representative, bench))
        write_atomically(folder / FEATURES_FILE, _json(_features(part, transform)))
        content = {
            "rows": len(bench.labels),
            "ranked": bench.requests.told,
            "variants": [asdict(one) for one in measured],
            "representative": [asdict(one) for one in findings],
        }
        write_atomically(folder / MEASURED_FILE, _json(content))


def training_rows(transformed: Path, graph: Path) -> dict[str, Any]:
    """Return the transformed features of the training split, the label among them, [rows, …] each."""
    spec = tft.TFTransformOutput(str(graph)).transformed_feature_spec()
    dense = {name: one for name, one in spec.items() if isinstance(one, tf.io.FixedLenFeature)}
    records = list(islice(read_records(transformed, "train"), _TRAIN_ROWS))
    return {name: value.numpy() for name, value in tf.io.parse_example(records, dense).items()}


def make_bench(
    project: Project, saved_model: Path, examples: Path, graph: RowGraph, part: ModelPart
) -> Bench:
    """Score the rows of the evaluation split, at most fifty thousand, and cut them into the project's slices.

    Raises:
        InfraCheckError: when the part does not score as the SavedModel does, or the slices are only for Beam.
    """
    records, batch = next(decoded_batches(examples, "eval"))
    try:
        slices, expected, labels = _evaluated(project, saved_model, records)
    except NotLocalError as error:
        raise InfraCheckError(
            f"LiteRT files are held against the model in memory, but this evaluation is one for Beam: {error}. Leave "
            "that slice or feature out of project.yml."
        ) from error
    features = _transform(graph, records)
    features = {name: features[name] for name in part.inputs}
    scores = part.score(features)
    check_same(expected, scores)
    requests = make_requests(project.spec, Rows.of_examples(batch), features, graph.sources)
    least = project.spec.evaluation.min_slice_size
    ranked = part.score(requests.features)
    return Bench(project.spec.task, features, labels, scores, slices, least, requests, ranked)


def _evaluated(project: Project, saved_model: Path, records: list[bytes]) -> tuple[Slices, Any, Any]:
    """Return slices, scores and labels as Evaluator computes them."""
    # No gates against a baseline: only slices and labels of the configuration are needed.
    config = tfma.utils.update_eval_config_with_defaults(
        eval_config(project, has_baseline=False), has_baseline=False, rubber_stamp=True
    )
    shared = tfma.default_eval_shared_model(str(saved_model), eval_config=config)
    wanted = {name for spec in config.slicing_specs for name in (*spec.feature_keys, *spec.feature_values)}
    rows = Extractor(config, [shared], None, wanted).rows(iter(records))
    slices = slices_of(config.slicing_specs, rows.features, rows.count)
    check_slices(slices)
    [scored] = rows.models.values()
    return slices, scored.predictions, scored.labels


def _transform(graph: RowGraph, records: list[bytes]) -> dict[str, Any]:
    parts = [graph.transform(records[at : at + _TRANSFORMED]) for at in range(0, len(records), _TRANSFORMED)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _convert(
    folder: Path, part: ModelPart, variant: Variant, representative: Features, bench: Bench
) -> Measured:
    try:
        content = convert(part, variant, representative)
        measured = bench.measure(variant, content)
    except InfraCheckError as error:
        return Measured(variant, refused=str(error))
    (folder / f"{variant}.tflite").write_bytes(content)
    return measured


def _features(part: ModelPart, graph: RowGraph) -> dict[str, Any]:
    takes = {
        name: {
            "dtype": spec.dtype.name,
            "shape": spec.shape.as_list(),
            "columns": list(graph.sources.get(name, ())),
        }
        for name, spec in part.inputs.items()
    }
    return {"takes": takes, "gives": part.output}


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


class LiteRTConverterSpec(component_spec.ComponentSpec):
    """`settings` is JSON of what the files depend on besides their inputs."""

    PARAMETERS = {"settings": component_spec.ExecutionParameter(type=str)}  # noqa: RUF012  TFX's way
    INPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transformed_examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
    }
    OUTPUTS = {"litert": component_spec.ChannelParameter(type=LiteRTModels)}  # noqa: RUF012


class LiteRTConverter(base_component.BaseComponent):
    """Makes LiteRT files of a model."""

    SPEC_CLASS = LiteRTConverterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(LiteRTConverterExecutor)

    def __init__(self, settings: str, **inputs: types.BaseChannel) -> None:
        litert = types.Channel(type=LiteRTModels)
        super().__init__(LiteRTConverterSpec(settings=settings, litert=litert, **inputs))


def litert_converter(session: Session) -> LiteRTConverter:
    """Return the component for the model that was evaluated last, on the examples that judged it.

    Raises:
        StepOrderError: when no model was evaluated.
    """
    inputs, project = evaluated_inputs(session), session.project
    model = inputs["model"][0]
    origin = origin_of(session, model)
    return litert_converter_of(
        project,
        origin.training,
        model=session.as_channel([model]),
        examples=session.as_channel(inputs["examples"]),
        transformed_examples=session.as_channel(origin.inputs["examples"]),
        transform_graph=session.as_channel(origin.inputs["transform_graph"]),
    )


def litert_converter_of(project: Project, training: Training, **inputs: types.BaseChannel) -> LiteRTConverter:
    """Return the component for a project, wherever its inputs come from.

    Args:
        project: the project whose code has built the model.
        training: the settings that it was trained with.
        inputs: `model`, the raw `examples` that judged it, and Trainer's inputs from Transform:
            `transformed_examples` and `transform_graph`.
    """
    settings = {
        "project": str(project.folder),
        "training": training.model_dump(),
        "representative_rows": project.spec.release.litert.representative_rows,
        "evaluation": project.spec.evaluation.model_dump(mode="json"),
        "slices": project.spec.slices,
        "code": project.code_digest("release", "training"),
    }
    return LiteRTConverter(json.dumps(settings, sort_keys=True), **inputs)
