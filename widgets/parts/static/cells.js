// The live face of a view with cells to write in: as view.js, and a cell that was left puts its text into a dict of
// dicts, at the place that `data-path` names, in the trait `data-cell`.
import { replace } from "./content.js";
import { controlValue, showValue } from "./controls.js";

function render({ model, el }) {
  el.classList.add("kit-view");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", model.get("label"));
  const controls = document.createElement("div");
  const content = document.createElement("div");
  controls.className = "kit-controls";
  content.className = "kit-content";
  controls.innerHTML = model.get("controls"); // escaped where it was made, in widgets/parts/markup.py
  content.innerHTML = model.get("content");
  el.append(controls, content);

  const set = (trait, value) => {
    model.set(trait, value);
    model.save_changes();
  };
  const tell = (event) => {
    const control = event.target.closest("[data-trait]");
    const value = control && controlValue(control, event.type, model.get(control.dataset.trait));
    if (control && value !== undefined) set(control.dataset.trait, value);
  };
  const write = ({ target, type, key }) => {
    if (!target.dataset.path || (type === "keydown" && key !== "Enter")) return;
    const [outer, inner] = JSON.parse(target.dataset.path);
    const texts = structuredClone(model.get(target.dataset.cell));
    texts[outer] = { ...texts[outer], [inner]: target.value };
    set(target.dataset.cell, texts);
  };
  const redraw = () => keepTyping(content, () => replace(content, model.get("content")));
  const follow = () => {
    for (const control of controls.querySelectorAll("[data-trait]")) {
      showValue(control, model.get(control.dataset.trait));
    }
  };

  const stop = new AbortController();
  ["click", "input", "change"].forEach((type) => el.addEventListener(type, tell, { signal: stop.signal }));
  // Enter too: a browser that did not see the keys themselves, but a text being put in, tells of no change then.
  ["change", "keydown"].forEach((type) => content.addEventListener(type, write, { signal: stop.signal }));
  model.on("change:content", redraw);
  model.on("change", follow);
  follow();
  return () => {
    stop.abort();
    model.off("change:content", redraw);
    model.off("change", follow);
  };
}

// What is being typed into the next cell is newer than what the kernel drew when the last one was left.
function keepTyping(content, draw) {
  const before = document.activeElement;
  const typing = content.contains(before) && before.matches('input[type="text"]');
  const { value, selectionStart, selectionEnd } = before;
  draw();
  const after = document.activeElement;
  if (!typing || after.dataset.key !== before.dataset.key) return;
  after.value = value;
  after.setSelectionRange(selectionStart, selectionEnd);
}

export default { render };
