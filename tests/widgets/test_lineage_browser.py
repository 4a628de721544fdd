"""The lineage in a real JupyterLab: moved, enlarged, searched, walked in, compared, and quick with 2,000 nodes."""

from __future__ import annotations

from collections.abc import Callable

from lab import check_narrow, check_text, drag, keep_picture, needs_browser, record_figure, violations
from lineage_examples import chain
from playwright.sync_api import Page, expect
from widget_timing import rerun_seconds

from widgets.lineage import Lineage

pytestmark = needs_browser

IMPORTS = "from lineage_examples import *\nfrom widgets.lineage import Lineage"
NOTEBOOKS = {
    "few": "view = Lineage(chain(), compare); view",
    "many": "graph = many(); view = Lineage(graph); view",
    "chosen": "view = Lineage(chain(), chosen='execution 12'); view",
    "hostile": "view = Lineage(hostile(), compare, chosen='execution 1'); view",
}

# From a click on a box until the picture has other marks and has been painted.
_UNTIL_MARKED = """async (number) => {
  const frame = document.querySelector('.kit-view .graph'), start = performance.now();
  const marked = new Promise(done => new MutationObserver((_, watch) => { watch.disconnect(); done(); })
    .observe(frame.querySelector('.bright'), { attributes: true }));
  const box = frame.querySelectorAll('.boxes > g')[number];
  box.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await marked;
  await new Promise(requestAnimationFrame);  // painted with the frame after this one at the latest
  await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}"""
_SCENE = "scene => scene.getAttribute('transform')"


def test_every_control_does_what_it_says(show: Callable[[str], Page]) -> None:
    page, expected = show("few"), Lineage(chain())
    view = page.locator(".kit-view")
    view.get_by_role("searchbox").fill("trainer")
    expected.search = "trainer"
    expect(view.locator(".nodes tbody tr")).to_have_count(len(expected.found()))
    expect(view.locator(".boxes > g.found")).to_have_count(len(expected.found()))
    view.get_by_role("searchbox").fill("")

    view.get_by_role("button", name="Show all").click()
    view.locator(".boxes > g", has_text="Transform #4").click()
    expected.search, expected.chosen = "", "execution 4"
    expect(view.get_by_role("status")).to_have_text(f"21 nodes; {len(expected.highlighted())} highlighted")
    expect(view.locator(".boxes > g.on")).to_have_count(len(expected.highlighted()) + 1)
    view.get_by_label("Highlight").select_option("upstream")
    expected.direction = "upstream"
    expect(view.locator(".boxes > g.on")).to_have_count(len(expected.highlighted()) + 1)
    keep_picture(page, "lineage_upstream")

    view.get_by_role("button", name="transform_graph #4").first.click()
    expect(view.locator(".columns p.name")).to_have_text("transform_graph #4")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("11 to 20 of 21")).to_be_visible()
    assert not violations(page)


def test_the_picture_is_moved_enlarged_and_walked_in(show: Callable[[str], Page]) -> None:
    page = show("few")
    frame, scene = page.locator(".kit-view .graph"), page.locator(".kit-view .graph svg > g")
    before = scene.evaluate(_SCENE)
    page.get_by_role("button", name="Zoom in").click()
    larger = scene.evaluate(_SCENE)
    assert larger != before
    size = frame.bounding_box()
    assert size
    x, y = size["width"] / 2, size["height"] - 12
    drag(frame, {"x": x, "y": y}, {"x": x - 80, "y": y - 40})
    assert scene.evaluate(_SCENE) not in (before, larger)
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Show all").click()

    page.locator(".kit-view .boxes > g", has_text="Transform #10").click()  # all are in the frame now
    frame.focus()
    name = page.locator(".kit-view .columns p.name")
    for key, where in {
        "ArrowRight": "transform_graph #10",
        "ArrowLeft": "Transform #10",
        "ArrowDown": "Transform #4",
        "ArrowUp": "Transform #10",
    }.items():
        page.keyboard.press(key)
        expect(name).to_have_text(where)
    for key in ["ArrowDown", "ArrowUp"] * 4 + ["ArrowDown", "ArrowRight"]:  # faster than the kernel answers
        page.keyboard.press(key)
    expect(name).to_have_text("transform_graph #4")
    page.keyboard.press("+")
    page.keyboard.press("0")
    expect(page.locator(".jp-Cell")).to_have_count(2)  # the notebook's own keys did not act


def test_what_is_chosen_from_the_start_is_in_the_frame_and_little_beside_it_is_empty(
    show: Callable[[str], Page],
) -> None:
    page = show("chosen")
    frame, chosen = page.locator(".kit-view .graph"), page.locator(".kit-view .boxes > g.chosen rect")
    outer, inner = frame.bounding_box(), chosen.bounding_box()
    assert outer
    assert inner
    assert outer["x"] <= inner["x"]
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    assert 200 <= outer["height"] < 440
    keep_picture(page, "lineage_from_the_start")


def test_two_runs_are_compared(show: Callable[[str], Page]) -> None:
    page = show("few")
    page.get_by_role("button", name="Trainer #11").click()
    page.get_by_label("Compare with").select_option("execution 5")
    expect(page.get_by_text("2 differences between two runs")).to_be_visible()
    table = page.get_by_role("table", name="2 differences between two runs")
    expect(table.get_by_role("columnheader", name="Trainer #5")).to_be_visible()
    page.get_by_text("1 the same in both").click()
    assert not violations(page)
    keep_picture(page, "lineage_compared")


def test_hostile_values_stay_text(show: Callable[[str], Page]) -> None:
    page = show("hostile")
    page.locator(".kit-view .facts").wait_for()
    check_text(page)


def test_it_is_accessible_in_both_themes_and_narrow(show: Callable[[str], Page]) -> None:
    page = show("few")
    page.get_by_role("button", name="Show all").click()
    page.locator(".kit-view .boxes > g", has_text="Trainer #11").click()
    check_narrow(page, "lineage")


def test_2000_nodes_are_fluid(show: Callable[[str], Page]) -> None:
    page = show("many")
    expect(page.locator(".kit-view .boxes > g")).to_have_count(2000)
    record_figure("lineage, 2,000 nodes: first layout", min(rerun_seconds(page) for _ in range(3)))
    page.locator(".kit-view .boxes > g").nth(1999).wait_for(state="attached")
    clicks = [float(page.evaluate(_UNTIL_MARKED, number)) for number in (400, 1200, 1900, 20, 900)]
    record_figure("lineage, 2,000 nodes: click to highlight", min(clicks))
    expect(page.locator(".kit-view .boxes > g.chosen")).to_have_count(1)
    keep_picture(page, "lineage_many")
