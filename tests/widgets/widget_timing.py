"""How long a person waits for a view, measured in the page."""

from __future__ import annotations

from playwright.sync_api import Page

TYPE = """(view, text) => { const box = view.querySelector('input[type=search]'); box.value = text;
  box.dispatchEvent(new Event('input', { bubbles: true })); }"""
PRESS = '(view, key) => view.querySelector(`[data-key="${key}"]`).click()'
_UNTIL_REDRAWN = """async ([act, argument]) => {
  const view = document.querySelector('.kit-view');
  const start = performance.now();
  const redrawn = new Promise(done => new MutationObserver((_, watch) => { watch.disconnect(); done(); })
    .observe(view.querySelector('.kit-content'),
      { subtree: true, childList: true, characterData: true, attributes: true }));  // it is drawn in place
  eval(act)(view, argument);
  await redrawn;
  await new Promise(requestAnimationFrame);  // painted with the frame after this one at the latest
  await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}"""
_UNTIL_SHOWN = """() => new Promise(done => {
  const old = document.querySelector('.kit-view'), start = performance.now();
  const look = () => {
    const view = document.querySelector('.kit-view');
    if (view && view !== old && view.querySelector('.kit-content tr')) done((performance.now() - start) / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


def seconds_until_redrawn(page: Page, act: str, argument: str) -> float:
    return float(page.evaluate(_UNTIL_REDRAWN, [act, argument]))


def rerun_seconds(page: Page) -> float:
    """From running the cell that makes the view until its rows are on the page."""
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    shown = page.evaluate_handle(f"() => {{ window.shown = ({_UNTIL_SHOWN})(); }}")
    page.keyboard.press("Control+Enter")
    seconds = page.evaluate("() => window.shown")
    shown.dispose()
    return float(seconds)
