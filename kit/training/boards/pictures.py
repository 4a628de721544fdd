"""Attention pictures for TensorBoard's IMAGES.

They are drawn with Pillow in a tenth of a second; matplotlib, of which only the font is taken, needs a second and more,
in every training.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from kit.training.attention import AttentionExample

TAG = "attention"
_SIZE, _MARGIN, _LINE = (640, 320), 16, 24  # pixels
_BAR_BEGINS, _BAR_WIDTH, _BAR_HEIGHT = 260, 300, 14
_PLACES = 10  # that fit into a picture, the latest ones
_LETTERS = 28  # of a name
_SAME, _OTHER, _INK, _PAPER = "#1f77b4", "#9a9a9a", "#202020", "#ffffff"


def write_attention(examples: Sequence[AttentionExample], step: int) -> None:
    """Write one picture per example with the current summary writer."""
    if examples:
        pictures = np.stack([np.asarray(_drawn(one)) for one in examples])
        tf.summary.image(TAG, pictures, step, max_outputs=len(pictures))


def _drawn(example: AttentionExample) -> Image.Image:
    picture = Image.new("RGB", _SIZE, _PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(_font(), 13)
    title = f"{_named(example.candidate, example.group)}: score {example.score:.3f}, label {example.label:g}"
    draw.text((_MARGIN, _MARGIN), title, _INK, font)
    for place, one in enumerate(example.past[:_PLACES]):
        top = 2 * _MARGIN + (place + 1) * _LINE
        draw.text((_BAR_BEGINS - 8, top), _named(one.name, one.group), _INK, font, anchor="rm")
        end = _BAR_BEGINS + max(1, round(one.weight * _BAR_WIDTH))
        half, colour = _BAR_HEIGHT // 2, _SAME if one.group == example.group else _OTHER
        draw.rectangle((_BAR_BEGINS, top - half, end, top + half), colour)
        draw.text((end + 6, top), f"{one.weight:.0%}", _INK, font, anchor="lm")
    footer = "attention, the latest on top; blue: of the candidate's group"
    draw.text((_MARGIN, _SIZE[1] - _MARGIN), footer, _INK, font, anchor="ls")
    return picture


def _font() -> str:
    """Return the file of DejaVu Sans, which covers most languages, from matplotlib."""
    found = find_spec("matplotlib")  # importing it takes half a second
    package = Path(found.origin or "").parent if found else Path()
    return str(package / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")


def _named(name: str, group: str) -> str:
    named = f"{name[:_LETTERS]} ({group[:_LETTERS]})" if group else name
    return " ".join(named.split())[:_LETTERS]
