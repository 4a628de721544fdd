"""The LiteRT files of the latest evaluated model as plain values, and whether they may be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kit.checks.check import Finding
from kit.errors import StepOrderError
from kit.release.infra import evaluated_model
from kit.release.litert.component import MEASURED_FILE
from kit.release.litert.judge import judge
from kit.release.litert.measure import QUALITY, Measured
from kit.session import Session
from kit.translation.messages import in_language, parts_in_language


def summary(session: Session) -> dict[str, Any]:
    """Return the arguments of `widgets.litert.LiteRTFiles`.

    Raises:
        StepOrderError: when the model was not converted.
    """
    spec, content = session.project.spec, _content(session)
    return {
        "files": measured(session),
        "quality": QUALITY[spec.task],
        "chosen": spec.release.litert.variant,
        "limit": spec.release.litert.max_auc_loss,
        "measured_on": in_language(
            f"{content['rows']:,} rows of the evaluation split, and {content['ranked']}"
        ),
        "notes": [_note(one) for one in representative_findings(session)],
    }


def _note(finding: Finding) -> str:
    text = (
        f"int8 was calibrated with {finding.found}" if finding.state == "ok" else f"! int8: {finding.found}"
    )
    return parts_in_language(f"{text}. {finding.what_to_do}".strip())


def measured(session: Session) -> list[Measured]:
    """Return what was measured last, the model itself first.

    Raises:
        StepOrderError: when nothing was converted.
    """
    return read_measured(converted(session))


def read_measured(folder: Path) -> list[Measured]:
    """Return what was measured of the files of a LiteRTModels artifact, the model itself first."""
    return [Measured(**one) for one in _read(folder)["variants"]]


def representative_findings(session: Session) -> list[Finding]:
    """Return what was found about the rows that int8 was calibrated with."""
    return [Finding(**{**one, "rows": tuple(one["rows"])}) for one in _content(session)["representative"]]


def chosen_file(session: Session) -> Path:
    """Return the file of the variant that project.yml names, once it keeps its limit.

    Raises:
        InfraCheckError: when there is none, or it loses more.
    """
    check_litert(session)
    return converted(session) / f"{session.project.spec.release.litert.variant}.tflite"


def check_litert(session: Session) -> str:
    """Return one sentence when the variant that project.yml names loses no more than it may.

    Raises:
        InfraCheckError: when it loses more, or there is no such file.
    """
    return judge(measured(session), session.project.spec.release.litert, session.project.spec.task)


def converted(session: Session) -> Path:
    """Return the folder of the files of the model that was evaluated last.

    Raises:
        StepOrderError: when it was not converted.
    """
    model = evaluated_model(session)
    for inputs, outputs in session.history("LiteRTConverter"):
        if inputs["model"][0].id == model.id:
            return Path(outputs["litert"][0].uri)
    raise StepOrderError(
        "LiteRTConverter must have converted the model that was evaluated last, but it has not. Run 05_release from "
        "its top."
    )


def _content(session: Session) -> dict[str, Any]:
    return _read(converted(session))


def _read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / MEASURED_FILE).read_text(encoding="utf-8"))
    return content
