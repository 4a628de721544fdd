from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from calibration_examples import curve, curves, hostile_curves, many_curves
from view_checks import check_faces
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.calibration import Calibration
from widgets.values.calibration import CalibrationCurve

EMPTY = CalibrationCurve("All rows", "candidate", [], [], [], [], [])


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("calibration.html", Calibration(curves()).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = Calibration(curves(), chosen="device: mobile")
    golden("calibration_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("calibration.txt", repr(Calibration(curves())))


@pytest.mark.parametrize("made", [[], [EMPTY], many_curves()], ids=["none", "no rows", "2000 slices"])
def test_no_face_runs_or_fetches_anything(made: Sequence[CalibrationCurve]) -> None:
    check_faces(Calibration(made))


def test_hostile_names_are_read_as_they_are() -> None:
    for text in HOSTILE:
        page = Page(Calibration(hostile_curves(), chosen=text).html_face())
        assert text in page.text
        assert page.active == []


def test_the_chosen_slice_is_shown() -> None:
    view = Calibration(curves())
    assert len(Page(view.content).text_of("tr")) == 1 + 2 * 5
    view.chosen = "device: mobile"
    assert "device: mobile" in Page(view.content).text_of("figcaption")[0]
    assert [curve.slice for curve in view.shown()] == ["device: mobile"] * 2


def test_bins_outside_their_interval_are_marked() -> None:
    rows = Page(Calibration([curve(high=0.1)]).content).text_of("tr")[1:]
    assert ["!" in row for row in rows] == [True, True, True, True, False]
    assert "4 of 5 bins outside the interval" in repr(Calibration([curve(high=0.1)]))
    assert "0 of 5 bins" in repr(Calibration([curve()]))


def test_points_stand_where_their_numbers_are() -> None:
    """0.55 of at most 0.6875, which is the end of the highest interval: four fifths of the way."""
    last = Calibration([curve()]).content.split("<circle")[-1]
    assert f'cx="{6 + 0.8 * 328:.1f}"' in last
    assert f'cy="{6 + 0.2 * 248:.1f}"' in last


def test_plain_records_of_arrays_will_do() -> None:
    record = {name: np.array([0.1, 0.2]) for name in ("predicted", "observed", "lower", "upper", "examples")}
    view = Calibration.of([{"slice": "All rows", "model": "candidate", **record}])
    assert len(Page(view.content).text_of("tr")) == 3


def test_bins_of_unequal_number_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected 2 bins in observed of All rows, as in predicted, found 1"):
        CalibrationCurve("All rows", "candidate", [0.1, 0.2], [0.1], [0, 0], [1, 1], [5, 5])


def test_a_label_that_has_no_calibration_is_not_told_to_have_no_rows() -> None:
    assert "it takes a label of two classes" in Calibration([]).content
    assert Page(Calibration([]).content).text_of("table") == []
