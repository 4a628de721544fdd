// Filters on the axes of parallel coordinates, by dragging along one or with its keys, and lines and rows that are
// highlighted together. view.js precedes this in the widget's single script; what it redraws is looked up each time.
const KEY_STEP = 0.05;
const LEAST_DRAG = 0.02; // of an axis; less is a press, which takes the filter away

function renderTuning({ model, el }) {
  const end = render({ model, el });
  const stop = new AbortController();
  const listen = (target, type, act) => target.addEventListener(type, act, { signal: stop.signal });
  const axisOf = (name) => [...el.querySelectorAll("[data-axis]")].find((axis) => axis.dataset.axis === name);
  const set = (name, range) => {
    const { [name]: _, ...others } = model.get("brushes");
    model.set("brushes", range ? { ...others, [name]: range } : others);
    model.save_changes();
  };

  let drag = null; // { name, from, to }, places from 0 at the bottom to 1
  const placeOn = (name, event) => {
    const { top, height } = axisOf(name).querySelector("rect.hit").getBoundingClientRect();
    return Math.min(Math.max(1 - (event.clientY - top) / height, 0), 1);
  };
  const range = () => [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
  listen(el, "pointerdown", (event) => {
    const axis = event.target.closest("[data-axis]");
    if (!axis || event.button) return;
    event.preventDefault();
    axis.focus({ preventScroll: true });
    const place = placeOn(axis.dataset.axis, event);
    drag = { name: axis.dataset.axis, from: place, to: place };
  });
  listen(el.ownerDocument, "pointermove", (event) => {
    if (!drag || !axisOf(drag.name)) return;
    drag.to = placeOn(drag.name, event);
    outline(axisOf(drag.name), range());
  });
  listen(el.ownerDocument, "pointerup", () => {
    if (!drag) return;
    const [low, high] = range();
    set(drag.name, high - low < LEAST_DRAG ? null : [low, high]);
    drag = null;
  });

  listen(el, "keydown", (event) => {
    const name = event.target.dataset?.axis;
    if (name === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const [low, high] = model.get("brushes")[name] ?? [0, 1];
    const way = { ArrowUp: KEY_STEP, ArrowDown: -KEY_STEP }[event.key];
    if (event.key === "Escape" || event.key === "Delete") set(name, null);
    else if (!way) return;
    else if (event.shiftKey) set(name, [low, Math.min(Math.max(high + way, low), 1)]);
    else set(name, [Math.max(Math.min(low + way, high), 0), high]);
    event.preventDefault();
  });

  const light = (event) => {
    const number = event.target.closest?.("[data-trial]")?.dataset.trial;
    for (const one of el.querySelectorAll("[data-trial]")) {
      one.classList.toggle("lit", one.dataset.trial === number);
    }
  };
  listen(el, "pointerover", light);
  listen(el, "pointerleave", light);
  return () => {
    stop.abort();
    end();
  };
}

// Shows the range while it is dragged; the kernel redraws it afterwards.
function outline(axis, [low, high]) {
  const hit = axis.querySelector("rect.hit");
  let brush = axis.querySelector("rect.brush");
  if (!brush) {
    brush = document.createElementNS(hit.namespaceURI, "rect");
    brush.setAttribute("class", "brush");
    brush.setAttribute("width", 10);
    brush.setAttribute("x", hit.x.baseVal.value + hit.width.baseVal.value / 2 - 5);
    hit.before(brush);
  }
  const [top, height] = [hit.y.baseVal.value, hit.height.baseVal.value];
  brush.setAttribute("y", top + (1 - high) * height);
  brush.setAttribute("height", (high - low) * height);
}

export default { render: renderTuning };
