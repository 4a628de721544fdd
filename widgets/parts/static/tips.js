// What a chart says under the pointer: each `data-tip` of an SVG shape, shown beside the pointer.

export function tips(root, signal) {
  const box = document.createElement("div");
  box.className = "kit-tip";
  box.hidden = true;
  root.append(box);
  const show = (event) => {
    const shape = event.target.closest?.("[data-tip]");
    box.hidden = !shape;
    if (!shape) return;
    box.textContent = shape.dataset.tip;
    const frame = root.getBoundingClientRect();
    const room = frame.width - box.offsetWidth;
    box.style.left = `${Math.min(event.clientX - frame.left + 12, room)}px`;
    box.style.top = `${event.clientY - frame.top + 14}px`;
  };
  root.addEventListener("pointermove", show, { signal });
  root.addEventListener("pointerleave", () => (box.hidden = true), { signal });
}
