"""Pictures of where a model looks, for TensorBoard's IMAGES."""

from __future__ import annotations

import io
from collections.abc import Sequence

import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kit.training.attention import AttentionExample

TAG = "attention"
_INCHES, _DOTS = (6.4, 3.2), 100
_LETTERS = 32  # of a name


def write_attention(examples: Sequence[AttentionExample], step: int) -> None:
    """Write one picture an example into the present summary writer."""
    pictures = [tf.io.decode_png(_png(one), channels=3) for one in examples]
    if pictures:
        tf.summary.image(TAG, tf.stack(pictures), step, max_outputs=len(pictures))


def _png(example: AttentionExample) -> bytes:
    figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
    axes = figure.add_subplot()
    names = [_named(place.name, place.group) for place in example.past]
    at = range(len(names))
    same = [place.group == example.group for place in example.past]
    axes.barh(
        at,
        [place.weight for place in example.past],
        color=["tab:blue" if one else "tab:gray" for one in same],
    )
    axes.set_yticks(at, names, fontsize=8, parse_math=False)
    axes.invert_yaxis()  # the latest on top
    axes.set_xlim(0, 1)
    axes.set_xlabel("attention; blue: of the candidate's category", fontsize=8)
    axes.set_title(
        f"{_named(example.candidate, example.group)}: score {example.score:.3f}, label {example.label:g}",
        fontsize=9,
        parse_math=False,
    )
    FigureCanvasAgg(figure)  # no window, whatever MPLBACKEND says
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _named(name: str, group: str) -> str:
    return f"{name[:_LETTERS]} ({group[:_LETTERS]})" if group else name[:_LETTERS]
