// Replaces an element's content without losing the focus or interrupting a press.
import { settle } from "./settle.js";

export function replace(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const drawn = document.createElement("template");
  drawn.innerHTML = html; // escaped where it was made, in widgets/parts/markup.py
  settle(element, drawn.content);
  if (focused && !element.contains(document.activeElement))
    element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Draws at once, or after the press that is under way in the element: a browser sends no click if its target has gone,
// or has moved from under the pointer, before the release. Pressing a button also leaves a field, which makes the
// kernel redraw in between.
export function whenReleased(element, draw) {
  if (!element.matches(":active") && !element.querySelector(":active")) {
    draw();
    return;
  }
  const wait = new AbortController();
  const released = () => {
    wait.abort();
    setTimeout(() => whenReleased(element, draw)); // after the click, which follows at once
  };
  ["pointerup", "pointercancel", "keyup", "dragend"].forEach((type) =>
    document.addEventListener(type, released, { capture: true, signal: wait.signal }),
  );
}
