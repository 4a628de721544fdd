// The picture of a lineage, between the controls and the content of view.js, which precedes this in the widget's single
// script: panning, zooming, marks, and moving from box to box. Boxes are identified by their number in the picture.
const LEAST_SCALE = 0.05;
const MOST_SCALE = 3;
const WHOLE_SCALE = 0.25; // below it boxes are specks
const READABLE_SCALE = 0.75;
const MARGIN = 20; // pixels
const WAYS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const ZOOMS = { "+": "in", "=": "in", "-": "out", "0": "fit" };

function renderLineage({ model, el }) {
  const end = render({ model, el });
  const frame = document.createElement("div");
  frame.className = "graph live";
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.innerHTML = model.get("picture"); // escaped where it was made, in widgets/parts/markup.py
  frame.setAttribute("aria-label", frame.firstElementChild.getAttribute("aria-label"));
  el.querySelector(".kit-controls").after(frame);

  const camera = cameraOn(frame);
  const boxes = [...frame.querySelectorAll(".boxes > g")];
  let marked = [];
  const mark = () => {
    const { on = [], found = [], lines = "" } = model.get("marks");
    const picked = model.get("picked");
    marked.forEach((number) => boxes[number].classList.remove("on", "found", "chosen"));
    marked = [...on, ...found, ...(picked < 0 ? [] : [picked])];
    on.forEach((number) => boxes[number].classList.add("on"));
    found.forEach((number) => boxes[number].classList.add("found"));
    boxes[picked]?.classList.add("on", "chosen");
    frame.querySelector(".bright").setAttribute("d", lines);
    frame.firstElementChild.classList.toggle("dim", picked >= 0);
  };
  const follow = () => boxes[model.get("picked")] && camera.show(boxes[model.get("picked")]);
  const set = (trait, value) => {
    model.set(trait, value);
    model.save_changes();
  };

  const pick = ({ target }) => {
    const number = boxes.indexOf(target.closest(".boxes > g"));
    if (number >= 0 && !camera.hasMoved()) set("picked", number);
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // A message for each: of a trait, the kernel would see only the last value.
    if (WAYS[event.key]) model.send({ walk: WAYS[event.key] });
    else if (ZOOMS[event.key]) camera.zoom(ZOOMS[event.key]);
    else return;
    event.preventDefault();
  };
  const zoom = ({ target }) => target.dataset.zoom && camera.zoom(target.dataset.zoom);

  const stop = new AbortController();
  frame.addEventListener("click", pick, { signal: stop.signal });
  frame.addEventListener("keydown", press, { signal: stop.signal });
  el.addEventListener("click", zoom, { signal: stop.signal });
  camera.listen(stop.signal, follow);
  model.on("change:marks", mark);
  model.on("change:picked", mark);
  model.on("change:picked", follow);
  mark();
  return () => {
    stop.abort();
    model.off("change:marks", mark);
    model.off("change:picked", mark);
    model.off("change:picked", follow);
    end();
  };
}

// Which part of the picture is in the frame, and at what scale.
function cameraOn(frame) {
  const svg = frame.firstElementChild;
  const scene = svg.firstElementChild;
  const { width, height } = svg.viewBox.baseVal;
  svg.removeAttribute("viewBox");
  frame.style.height = `${height + 2 * MARGIN}px`; // as far as its style allows
  let [left, top, scale] = [0, 0, 1];
  let [from, moved, touched] = [null, false, false];
  const apply = () => scene.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
  const fitting = () => Math.min(frame.clientWidth / width, frame.clientHeight / height, 1);
  // Limits where a side of the picture starts, so that no more than a margin beside it is empty.
  const inside = (start, room, size) => {
    const slack = room - size * scale;
    return slack > 0 ? slack / 2 : Math.min(Math.max(start, slack - MARGIN), MARGIN);
  };
  const place = (size) => {
    scale = Math.max(size, LEAST_SCALE);
    left = inside(0, frame.clientWidth, width);
    top = inside(0, frame.clientHeight, height);
    apply();
  };
  const enlarge = (factor, x, y) => {
    const next = Math.min(Math.max(scale * factor, LEAST_SCALE), MOST_SCALE);
    left = x - ((x - left) * next) / scale;
    top = y - ((y - top) * next) / scale;
    scale = next;
    apply();
  };
  const zoom = (way) => {
    touched = true;
    if (way === "fit") place(fitting());
    else enlarge(way === "in" ? 1.4 : 1 / 1.4, frame.clientWidth / 2, frame.clientHeight / 2);
  };
  const show = (box) => {
    const outer = frame.getBoundingClientRect();
    const inner = box.getBoundingClientRect();
    const hidden =
      inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
    if (!hidden) return;
    left += outer.left + outer.width / 2 - (inner.left + inner.width / 2);
    top += outer.top + outer.height / 2 - (inner.top + inner.height / 2);
    left = inside(left, frame.clientWidth, width);
    top = inside(top, frame.clientHeight, height);
    apply();
  };
  const drag = (event) => {
    if (!from) return;
    moved ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > 4;
    if (!moved) return;
    touched = true;
    if (!frame.hasPointerCapture(event.pointerId)) frame.setPointerCapture(event.pointerId);
    left = from.left + event.clientX - from.x;
    top = from.top + event.clientY - from.y;
    apply();
  };
  const begin = (event) => {
    [from, moved] = [{ x: event.clientX, y: event.clientY, left, top }, false];
  };
  const turn = (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    touched = true;
    const outer = frame.getBoundingClientRect();
    enlarge(Math.exp(-event.deltaY / 300), event.clientX - outer.left, event.clientY - outer.top);
  };
  const listen = (signal, follow) => {
    frame.addEventListener("pointerdown", begin, { signal });
    frame.addEventListener("pointermove", drag, { signal });
    ["pointerup", "pointercancel"].forEach((type) => frame.addEventListener(type, () => (from = null), { signal }));
    frame.addEventListener("wheel", turn, { signal, passive: false });
    // Fits the picture into the frame, whose size is known only now, and may change; of a very large picture, the part
    // around the chosen box. Once somebody has moved it, it stays as it is.
    const sized = new ResizeObserver(() => {
      if (!frame.clientWidth || touched) return;
      place(fitting() < WHOLE_SCALE ? READABLE_SCALE : fitting());
      follow();
    });
    sized.observe(frame);
    signal.addEventListener("abort", () => sized.disconnect());
  };
  return { zoom, show, listen, hasMoved: () => moved };
}

export default { render: renderLineage };
