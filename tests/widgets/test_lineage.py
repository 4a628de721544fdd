from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from lineage_examples import chain, compare, hostile, many
from view_checks import LIMIT, check_faces
from widget_examples import HOSTILE
from widget_pages import Page

from kit.lineage.graph import Edge, Graph, Node
from widgets.lineage import Lineage
from widgets.parts.layered import layered

FACES: dict[str, Callable[[], Lineage]] = {
    "empty": lambda: Lineage(Graph([], [])),
    "one": lambda: Lineage(Graph([Node("execution 1", "execution", "ExampleGen", "ExampleGen")], [])),
    "few": lambda: Lineage(chain(), compare),
    "chosen": lambda: Lineage(chain(), compare, chosen="execution 11", other="execution 5"),
    "many": lambda: Lineage(many()),
    "many_chosen": lambda: Lineage(many(), chosen="execution 900"),
    "hostile": lambda: Lineage(hostile(), compare, chosen="execution 1"),
}


@pytest.fixture(params=list(FACES))
def face(request: pytest.FixtureRequest) -> Lineage:
    return FACES[request.param]()


def test_no_face_runs_or_fetches_anything(face: Lineage) -> None:
    check_faces(face)


def test_the_picture_is_small_markup_that_runs_nothing(face: Lineage) -> None:
    assert Page(face.picture).active == []
    assert len(face.picture) + len(face.content) <= LIMIT


def test_the_text_face_is_a_few_lines(face: Lineage) -> None:
    assert len(repr(face).splitlines()) <= 4


def test_hostile_values_are_read_as_they_are() -> None:
    page = Page(FACES["hostile"]().html_face())
    assert [value for value in HOSTILE if value not in page.text] == []


@pytest.mark.parametrize("name", ["empty", "chosen"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = FACES[name]()
    golden(f"lineage_{name}.html", view.html_face().partition("</style>")[2])
    golden(f"lineage_{name}.txt", repr(view))
    golden(f"lineage_{name}_live.html", view.controls + view.content)


def test_a_search_finds_by_all_words_the_newest_first() -> None:
    view = Lineage(chain(), search="trainer complete")
    assert view.found() == ["execution 11", "execution 5"]
    view.search = "nothing like this"
    assert view.found() == []
    assert view.marks["found"] == []


def test_what_is_highlighted_is_what_the_node_comes_from_and_leads_to() -> None:
    view = Lineage(chain(1), chosen="execution 4", direction="upstream")  # Transform
    above = {"artifact 1", "artifact 2", "artifact 3", "execution 1", "execution 2", "execution 3"}
    below = {"artifact 4", "artifact 5", "artifact 6", "execution 5", "execution 6"}
    assert view.highlighted() == above
    view.direction = "downstream"
    assert view.highlighted() == below
    view.direction = "both"
    assert view.highlighted() == above | below
    assert {view._picture.keys[number] for number in view.marks["on"]} == above | below


def test_a_click_in_the_picture_chooses_and_the_arrows_walk() -> None:
    view = Lineage(chain(1))
    view.picked = view._picture.index["artifact 4"]
    assert view.chosen == "artifact 4"
    view.walk("left")
    assert view.chosen == "execution 4"
    view.walk("right")
    view.walk("right")
    assert view.chosen == "execution 5"
    assert view._picture.keys[view.picked] == "execution 5"


def test_two_runs_are_compared_until_another_node_is_chosen() -> None:
    view = FACES["chosen"]()
    assert "2 differences between two runs" in Page(view.content).text
    view.chosen = "execution 4"
    assert view.other == ""
    assert "differences" not in Page(view.content).text


def test_the_pages_of_the_list_hold_every_node_once() -> None:
    view = Lineage(chain())
    total, seen = len(view.graph.nodes), []
    for page in range(-(-total // Lineage.page_rows)):
        view.page = page
        seen += Page(view.content).text_of("th")
    named = [text for text in seen if "#" in text]
    assert len(set(named)) == total


def test_no_two_boxes_are_on_top_of_each_other() -> None:
    graph = many()
    places = layered(list(graph.nodes), [(edge.source, edge.target) for edge in graph.edges])
    by_layer: dict[int, list[float]] = {}
    for layer, row in places.values():
        by_layer.setdefault(layer, []).append(row)
    for rows in by_layer.values():
        rows.sort()
        assert all(low + 1 <= high + 1e-9 for low, high in itertools.pairwise(rows))
    assert all(places[edge.source][0] < places[edge.target][0] for edge in graph.edges)


def test_a_circle_is_laid_out_too() -> None:
    places = layered(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")])
    assert sorted(layer for layer, _ in places.values()) == [0, 1, 2]


def test_an_edge_to_a_node_that_is_not_there_is_left_out() -> None:
    graph = Graph([Node("execution 1", "execution", "A", "A")], [Edge("artifact 9", "execution 1", "in")])
    assert Lineage(graph)._picture.edges == []


def test_where_an_execution_ran_and_by_what_code_stands_in_its_facts() -> None:
    node = Node(
        "execution 1", "execution", "Trainer", "Trainer", origin={"code_commit": "abc<b>", "host": "one"}
    )
    face = Lineage(Graph([node], []), chosen="execution 1").html_face()
    assert "Origin: code commit" in face
    assert "abc&lt;b&gt;" in face
