"""The views of an experiment, a load sweep and a batch's time in a real JupyterLab: pressed, in both themes, narrow."""

from __future__ import annotations

from collections.abc import Callable

from lab import keep_picture, needs_browser, set_theme, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = """import drill_examples, experiment_examples as experiments, flame_examples, load_examples
from IPython.display import display
from widgets.drill import ExtractionDrill
from widgets.experiment import Experiment
from widgets.load import LoadSweep
desks = {name: experiments.Desk(getattr(experiments, name)()) for name in ("running", "ended", "hostile")}"""
NOTEBOOKS = {
    "serving": "display(Experiment(desks['running']), load_examples.view(), flame_examples.run())",
    "others": """display(
    Experiment(experiments.Desk(None)), LoadSweep(None), ExtractionDrill(None), flame_examples.empty(),
    Experiment(desks['ended']), Experiment(desks['hostile']), load_examples.hostile(), flame_examples.hostile(),
)""",
}


def test_every_control_is_pressed(show: Callable[[str], Page]) -> None:
    page = show("serving")
    experiment, load, flame = (page.locator(".kit-view").nth(place) for place in range(3))
    experiment.get_by_role("button", name="Refresh").click()
    experiment.get_by_role("button", name="Promote").click()
    expect(experiment.get_by_role("alert")).to_contain_text("needs a name and a reason")
    experiment.get_by_label("Your name").fill("Ann")
    experiment.get_by_label("Reason").fill("enough is known")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first button
    expect(experiment.get_by_text("promoted by Ann")).to_be_visible()
    expect(experiment.get_by_role("button", name="Roll back")).to_have_count(0)

    expect(load.locator("polyline")).to_have_count(6)
    load.get_by_role("combobox").select_option("without batching")
    expect(load.locator("polyline")).to_have_count(3)

    flame.get_by_role("button", name="03_train").click()
    expect(flame.get_by_role("status")).to_contain_text("03_train took 8 s")
    up = flame.get_by_role("button", name="↑ 20260101-120000-churn")
    up.focus()
    page.keyboard.press("Enter")
    expect(flame.get_by_role("status")).to_contain_text(
        "20260101-120000-churn: 10 s of all its notebooks together"
    )
    _check_looks(page, "serving")


def test_what_is_empty_ended_or_hostile_reads_as_well(show: Callable[[str], Page]) -> None:
    page = show("others")
    expect(page.get_by_text("No experiment has been started yet.")).to_be_visible()
    expect(page.get_by_text("No load has been measured yet.")).to_be_visible()
    _check_looks(page, "serving_others")
    assert page.evaluate("window.hacked") is None


def _check_looks(page: Page, name: str) -> None:
    """Check that everything is accessible and fits, wide and narrow, in both themes."""
    for theme, width in (("Light", 1280), ("Dark", 900)):
        page.set_viewport_size({"width": width, "height": 1600})
        set_theme(page, theme)
        assert not violations(page)
        keep_picture(page, f"{name}_{theme.lower()}_{width}")
        for view in page.locator(".kit-view").all():
            assert view.evaluate("view => view.scrollWidth <= view.clientWidth")
