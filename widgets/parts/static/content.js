// New content in the place of old, without taking the focus or the scrolled position from the person.

export function replace(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const left = element.querySelector(".kit-scroll")?.scrollLeft ?? 0;
  element.innerHTML = html; // escaped where it was made, in widgets/parts/markup.py
  const scroll = element.querySelector(".kit-scroll");
  if (scroll) scroll.scrollLeft = left;
  if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
