"""Serving parity: raw rows give the same through training's graph, the SavedModel, a server and LiteRT.

Differences are listed in the order of a row's way: features before scores, so that the first one is where to look.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfx.utils import path_utils

from kit.data.records import first_records
from kit.errors import InfraCheckError, StepOrderError
from kit.project import Project
from kit.release.config import Release
from kit.release.contract import read_meta_graph, signatures_of
from kit.release.differences import FLOAT_BOUND, SCORE, Difference, ServingParity, compare
from kit.release.fresh_server import fresh_server_meanwhile
from kit.release.infra import evaluated_model, infra_blessing
from kit.release.litert.config import Variant
from kit.release.litert.made import converted
from kit.release.litert.model_part import origin_of, rebuild
from kit.release.package_facts import model_digest
from kit.release.signatures import MODEL_FOLDER
from kit.release.ways import (
    TYPED,
    by_grpc,
    by_litert,
    by_rest,
    by_saved_model,
    by_training,
    by_typed,
)
from kit.session import Session
from kit.training.config import Training
from kit.training.isolated import run_isolated
from kit.versions import lock_digest
from kit.workspace import write_atomically


@dataclass(frozen=True)
class ParityJob:
    """What another process is to compare: the rows, and the folders of what they go through; plain values.

    Attributes:
        project: its folder.
        training: settings of the training, as JSON.
        graph: folder of the TransformGraph that the model was trained on.
        transformed: folder of the transformed Examples.
        raw: folder of the Examples that these were made from.
        saved_model: folder of the model that Trainer saved.
        package: folder of the SavedModel that is asked.
        litert: folder of the LiteRT files.
        rows: the number of rows of the evaluation split.
    """

    project: str
    training: str
    graph: str
    transformed: str
    raw: str
    saved_model: str
    package: str
    litert: str
    rows: int


def serving_parity(session: Session, rows: int = 1000, package: Path | None = None) -> ServingParity:
    """Send rows of the evaluation split all ways, in a process of its own; takes some seconds.

    The result is kept, for `last_serving_parity` and for the next time that the same rows would go the same ways: as
    long as package, files, settings, code and requirements.lock are unchanged, unless two ways differed. A process of
    its own keeps TensorFlow's and LiteRT's lines out of the notebook, and their memory out of its kernel.

    Args:
        session: the session whose InfraValidator and LiteRTConverter have run on the model that was evaluated last.
        rows: the number of rows, or all if there are fewer.
        package: folder of the SavedModel to ask; None: the one that InfraValidator packaged.

    Raises:
        StepOrderError: when one of them has not run.
        InfraCheckError: when a way does not answer at all.
    """
    model = evaluated_model(session)
    origin = origin_of(session, model)
    transformed = Path(origin.inputs["examples"][0].uri)
    job = ParityJob(
        project=str(session.project.folder),
        training=origin.training.model_dump_json(),
        graph=origin.inputs["transform_graph"][0].uri,
        transformed=str(transformed),
        raw=str(_raw(session, transformed)),
        saved_model=str(Path(model.uri) / MODEL_FOLDER),
        package=str(package or path_utils.stamped_model_path(infra_blessing(session).uri)),
        litert=str(converted(session)),
        rows=rows,
    )
    payload = json.dumps([asdict(job), session.project.spec.release.model_dump(mode="json")]).encode()
    digest = _digest(session.project, job, payload)
    kept = _kept(session)
    same = _read(kept) if kept.get("of") == digest else None
    if same and same.kept_from and same.first is None:  # differences are measured again
        return same
    found = json.loads(run_isolated(answer, payload, "The comparison of the ways of a row"))
    now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
    write_atomically(_file(session), json.dumps({**found, "of": digest, "kept_from": now}) + "\n")
    return _read(found)


def last_serving_parity(session: Session) -> ServingParity:
    """Return the last comparison in a workspace; without one, no rows."""
    kept = _kept(session)
    return _read(kept) if kept else ServingParity(0, ())


def _digest(project: Project, job: ParityJob, payload: bytes) -> str:
    """Return a digest of all that the ways depend on; outputs of steps are known by their immutable folders.

    The package and the files are read all the same: they are what is to be proved.
    """
    digest = hashlib.sha256(payload)
    digest.update(model_digest(Path(job.package)).encode())
    for file in sorted(Path(job.litert).glob("*.tflite")):
        digest.update(file.name.encode() + file.read_bytes())
    digest.update(project.code_digest("release", "serving", "training", "features", "data").encode())
    digest.update(str(lock_digest()).encode())
    return digest.hexdigest()


def _kept(session: Session) -> dict[str, Any]:
    path = _file(session)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _file(session: Session) -> Path:
    return session.workspace.path / "parity" / f"{session.project.name}.json"


def _read(found: dict[str, Any]) -> ServingParity:
    differences = tuple(Difference(**one) for one in found["differences"])
    return ServingParity(found["rows"], differences, tuple(found["left_out"]), found.get("kept_from", ""))


def answer(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Entry point of the process that `serving_parity` starts.

    Args:
        payload: JSON of the job and of the section release of project.yml.
        report: takes a line of progress.
    """
    job, release = json.loads(payload)
    return json.dumps(asdict(send(ParityJob(**job), Release.model_validate(release), report))).encode()


def send(job: ParityJob, release: Release, report: Callable[[str], None]) -> ServingParity:
    """Send rows all ways in this process.

    Raises:
        InfraCheckError: when a way does not answer at all.
    """
    project, graph, package = Project.load(job.project), Path(job.graph), Path(job.package)
    settings = Training.model_validate_json(job.training)
    files, left_out = _files(Path(job.litert), release.litert.variant)
    with fresh_server_meanwhile(package, project.name, release.max_load_seconds) as started:
        part = rebuild(project, settings, graph, Path(job.saved_model))
        records = first_records(Path(job.raw), "eval", job.rows)
        training = by_training(part, Path(job.transformed), graph, job.rows)
        report("the SavedModel")
        ways = [(by_saved_model(package, part, records), FLOAT_BOUND)]
        known = signatures_of(read_meta_graph(package))
        report("a server")
        server = started()
        ways.append((by_grpc(server, part, records), FLOAT_BOUND))
        if server.rest_address is None:
            left_out.append("REST: the server has none")
        else:
            ways.append((by_rest(server, part, records, ways[0][0]), FLOAT_BOUND))
        ways += [
            (by_typed(server, method, records, training), FLOAT_BOUND) for method in TYPED if method in known
        ]
    report("LiteRT")
    ways += [
        (by_litert(variant, content, training.features), release.litert.bound(variant))
        for variant, content in files.items()
    ]
    return ServingParity(len(records), compare(training, ways), tuple(left_out))


def check_serving_parity(parity: ServingParity) -> str:
    """Return one sentence when every way keeps its bounds.

    Raises:
        InfraCheckError: otherwise; the message names the first feature, or the score, that differs.
    """
    first = parity.first
    if first is not None:
        others = [one.value for one in parity.differences if not one.ok and one.way == first.way][1:]
        more = f" So do {', '.join(others)}, which come after it." if others else ""
        raise InfraCheckError(
            f"{first.value} must be the same by {first.way} as in training, within {first.bound:g} of its size, but "
            f"in row {first.row} it is {first.found}, not {first.expected}.{more} {_what_to_do(first)}"
        )
    by_bound: defaultdict[float, list[str]] = defaultdict(list)
    for one in parity.differences:
        if one.value == SCORE:
            by_bound[one.bound].append(one.way)
    kept = "; ".join(f"by {', '.join(ways)} within {bound:g}" for bound, ways in by_bound.items())
    left_out = f" Left out: {'; '.join(parity.left_out)}." if parity.left_out else ""
    since = (
        f" Kept from {parity.kept_from}: nothing that they depend on has changed." if parity.kept_from else ""
    )
    rows = parity.rows
    return f"{rows} rows have the features and scores of training: {kept} of the size of scores.{left_out}{since}"


def _what_to_do(first: Difference) -> str:
    if first.way.startswith("LiteRT"):
        return "Choose another variant under release.litert in project.yml, or raise its bound there."
    if first.value == SCORE:
        return "Its features agree, so look at the model: train and package it again."
    return f"Look at what features.py computes for {first.value}: train and package again, without the cache."


def _files(folder: Path, chosen: Variant) -> tuple[Mapping[Variant, bytes], list[str]]:
    """Return the float file and the one meant for use, and which are missing."""
    names: list[Variant] = list(dict.fromkeys(("float", chosen)))
    paths = {name: folder / f"{name}.tflite" for name in names}
    missing = [
        f"LiteRT {name}: it could not be converted" for name, path in paths.items() if not path.is_file()
    ]
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}, missing


def _raw(session: Session, transformed: Path) -> Path:
    """Return the raw examples behind the transformed ones.

    Raises:
        StepOrderError: when they are not from Transform in this workspace.
    """
    for inputs, outputs in session.history("Transform"):
        if Path(outputs["transformed_examples"][0].uri) == transformed:
            return Path(inputs["examples"][0].uri)
    raise StepOrderError(
        f"Transform must have made {transformed} in this workspace, but has not. Run 02_features to 04_evaluate again."
    )
