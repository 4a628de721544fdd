// New content in the place of old, without taking from the person the focus, what is being typed or the scrolled
// position.

export function replace(element, html) {
  const typing = typed(element);
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const left = element.querySelector(".kit-scroll")?.scrollLeft ?? 0;
  element.innerHTML = html; // escaped where it was made, in widgets/parts/markup.py
  const scroll = element.querySelector(".kit-scroll");
  if (scroll) scroll.scrollLeft = left;
  if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  if (typing) putBack(typing);
}

// Draws at once, or when the press that is under way in the element has ended: no browser tells of a click on what is
// gone before it is released, and a field that is left by a press on a button has the kernel draw meanwhile.
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

// What is being typed into a cell is newer than what the kernel drew when the last one was left.
function typed(element) {
  const cell = document.activeElement;
  if (!element.contains(cell) || !cell.matches('input[type="text"][data-key]')) return undefined;
  const { value, selectionStart, selectionEnd, dataset } = cell;
  return { value, selectionStart, selectionEnd, key: dataset.key };
}

function putBack({ value, selectionStart, selectionEnd, key }) {
  const cell = document.activeElement;
  if (cell.dataset.key !== key) return;
  cell.value = value;
  cell.setSelectionRange(selectionStart, selectionEnd);
}
