// Tooltips of charts: the `data-tip` of the SVG shape under the pointer, shown beside it.

// Returns a function that updates the tip after a redraw, when another shape, or none, may be under the pointer.
export function tips(root, signal) {
  const box = document.createElement("div");
  box.className = "kit-tip";
  box.hidden = true;
  root.append(box);
  let [x, y] = [0, 0]; // where the pointer is
  const show = (target) => {
    const shape = root.contains(target) ? target.closest("[data-tip]") : null;
    box.hidden = !shape;
    if (!shape) return;
    box.textContent = shape.dataset.tip;
    const frame = root.getBoundingClientRect();
    const room = frame.width - box.offsetWidth;
    box.style.left = `${Math.min(x - frame.left + 12, room)}px`;
    box.style.top = `${y - frame.top + 14}px`;
  };
  const follow = (event) => {
    [x, y] = [event.clientX, event.clientY];
    show(event.target);
  };
  root.addEventListener("pointermove", follow, { signal });
  root.addEventListener("pointerleave", () => (box.hidden = true), { signal });
  return () => box.hidden || show(document.elementFromPoint(x, y));
}
