"""LiteRT files for views: the same in tests and in golden files."""

from __future__ import annotations

from typing import NamedTuple

from widget_examples import HOSTILE

from widgets.litert import LiteRTFiles

REFUSED = "Every operation of the model must be one of LiteRT's own, but it has no Digamma."


class File(NamedTuple):
    """As `kit.release.litert.measure` gives it."""

    variant: str
    refused: str = ""
    bytes: int | None = None
    ms_few: float | None = None
    ms_many: float | None = None
    quality: float | None = None
    lost: float | None = None
    worst_slice: str = ""
    worst_quality: float | None = None
    worst_lost: float | None = None
    overlap: float | None = None
    difference: float | None = None


def files() -> list[File]:
    tablet = "age_band: 25 to 35, device: tablet"
    return [
        File("model", "", None, 1.56, 4.22, 0.8326, 0.0, "", None, None, 1.0, 0.0),
        File("float", "", 217_304, 0.0359, 0.105, 0.8326, 0.0, "device: mobile", 0.8288, 0.0, 1.0, 1.8e-7),
        File("float16", "", 124_332, 0.0323, 0.101, 0.8326, 3e-6, tablet, 0.8761, 0.00052, 1.0, 0.000412),
        File(
            "dynamic_range", "", 81_952, 0.0403, 0.111, 0.8326, -8e-6, tablet, 0.8761, 0.00052, 1.0, 0.00185
        ),
        File(
            "int8",
            "",
            79_904,
            0.0423,
            0.129,
            0.8318,
            0.0008,
            "category: fashion",
            0.7432,
            0.0166,
            0.98,
            0.046,
        ),
    ]


def sample(chosen: str = "dynamic_range") -> LiteRTFiles:
    return LiteRTFiles(
        files(),
        chosen=chosen,
        limit=0.01,
        measured_on="4,000 rows of the evaluation split, and 50 requests with 100 candidates of item_id each",
        notes=[
            "int8 was calibrated with 300 rows of the training split, distributed as all of it in 13 features."
        ],
    )


def refused() -> LiteRTFiles:
    some = [*files()[:2], File("int8", REFUSED), File("dynamic_range", REFUSED)]
    return LiteRTFiles(some, chosen="dynamic_range", limit=0.01)


def without_quality() -> LiteRTFiles:
    bare = [one._replace(quality=None, lost=None, worst_slice="", worst_lost=None) for one in files()]
    return LiteRTFiles(bare, quality="R²", chosen="float", limit=0.01)


def empty() -> LiteRTFiles:
    return LiteRTFiles([])


def hostile() -> LiteRTFiles:
    bad = [File(text, "", 1, 1.0, 1.0, 0.5, 0.1, text, 0.5, 0.1, 0.5, 1.0) for text in HOSTILE]
    bad += [File(f"refused {text}", text) for text in HOSTILE]
    return LiteRTFiles(
        bad, quality=HOSTILE[0], chosen=HOSTILE[1], limit=0.01, measured_on=HOSTILE[2], notes=HOSTILE
    )
