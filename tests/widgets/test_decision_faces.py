"""What holds for the faces of the views in which a person decides, whatever they are given."""

from __future__ import annotations

import pytest
from decision_faces import FACES
from view_checks import check_faces, check_read

from widgets.view import View


@pytest.fixture(params=list(FACES), scope="module")
def face(request: pytest.FixtureRequest) -> View:
    return FACES[request.param]()


def test_no_face_runs_or_fetches_anything(face: View) -> None:
    check_faces(face)


@pytest.mark.parametrize("name", [name for name in FACES if name.endswith("hostile")])
def test_hostile_values_are_read_as_they_are(name: str) -> None:
    check_read(FACES[name]().html_face())
