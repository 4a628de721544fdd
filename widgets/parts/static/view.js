// The live face of every view: shows what the kernel has drawn, and tells it what a person did.
import { replace, whenReleased } from "./content.js";
import { controlValue, showValue } from "./controls.js";
import { tips } from "./tips.js";

function render({ model, el }) {
  el.classList.add("kit-view");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", model.get("label"));
  el.lang = model.get("language");
  const controls = section("kit-controls", model.get("controls"));
  const content = section("kit-content", model.get("content"));
  el.append(controls, content);

  const tell = (event) => {
    const control = event.target.closest("[data-trait]");
    if (!control) return;
    const { trait } = control.dataset;
    const value = controlValue(control, event.type, model.get(trait));
    if (value === undefined) return;
    model.set(trait, value);
    model.save_changes();
  };
  const redraw = () => whenReleased(content, () => replace(content, model.get("content")));
  const follow = () => showAll(controls, model);

  const stop = new AbortController();
  ["click", "input", "change"].forEach((type) => el.addEventListener(type, tell, { signal: stop.signal }));
  tips(el, stop.signal);
  model.on("change:content", redraw);
  model.on("change", follow);
  follow();
  return () => {
    stop.abort();
    model.off("change:content", redraw);
    model.off("change", follow);
  };
}

function section(name, html) {
  const element = document.createElement("div");
  element.className = name;
  element.innerHTML = html; // escaped where it was made, in widgets/parts/markup.py
  return element;
}

// The notebook may set a trait too: the controls then follow.
function showAll(controls, model) {
  for (const control of controls.querySelectorAll("[data-trait]")) {
    showValue(control, model.get(control.dataset.trait));
  }
}

export default { render };
