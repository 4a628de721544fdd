// New content in the place of old, without taking from the person the focus or a press that is under way.
import { settle } from "./settle.js";

export function replace(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const drawn = document.createElement("template");
  drawn.innerHTML = html; // escaped where it was made, in widgets/parts/markup.py
  settle(element, drawn.content);
  if (focused && !element.contains(document.activeElement))
    element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Draws at once, or when the press that is under way in the element has ended: no browser tells of a click on what is
// gone, or has moved away from the pointer, before it is released, and a field that is left by a press on a button has
// the kernel draw meanwhile.
export function whenReleased(element, draw) {
  if (!element.matches(":active") && !element.querySelector(":active")) {
    draw();
    return;
  }
  const wait = new AbortController();
  const released = () => {
    wait.abort();
    setTimeout(() => whenReleased(element, draw)); // after the click, which comes right behind
  };
  ["pointerup", "pointercancel", "keyup", "dragend"].forEach((type) =>
    document.addEventListener(type, released, { capture: true, signal: wait.signal }),
  );
}
