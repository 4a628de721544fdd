// The live face of every view: shows what the kernel has drawn, and sends it what a person did.
import { replace, whenReleased } from "./content.js";
import { controlValue, scrollPast, showValue } from "./controls.js";
import { keepKeys } from "./keys.js";
import { tips } from "./tips.js";

// A kernel in one of these states answers no press.
const ENDED = new Set(["autorestarting", "dead", "terminating"]);

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
    if (!control || waits(control)) return;
    const { trait } = control.dataset;
    const value = controlValue(control, event.type, model.get(trait));
    if (value === undefined) return;
    model.set(trait, value);
    model.save_changes();
  };
  const follow = () => showAll(el, model);
  const left = () => setTimeout(follow); // what was written may not be what is in effect
  const part = () => sayGone(el, model.get("gone"));

  const stop = new AbortController();
  ["click", "input", "change"].forEach((type) => el.addEventListener(type, tell, { signal: stop.signal }));
  el.addEventListener("focusout", left, { signal: stop.signal });
  el.addEventListener("wheel", scrollPast, { signal: stop.signal, passive: true });
  keepKeys(el, stop.signal);
  const point = tips(el, stop.signal);
  const redraw = () =>
    whenReleased(content, () => {
      replace(content, model.get("content"));
      follow(); // a name or a word may have been typed since it was drawn
      point();
    });
  model.on("change:content", redraw);
  model.on("change", follow);
  model.on("comm_live_update", part);
  const forget = whenEnded(model.widget_manager?.kernel, part);
  follow();
  return () => {
    stop.abort();
    model.off("change:content", redraw);
    model.off("change", follow);
    model.off("comm_live_update", part);
    forget();
  };
}

// Whether a button is disabled until the kernel has answered a press; for those with a step, see pressedValue.
function waits(control) {
  return control.getAttribute("aria-disabled") === "true" && !control.dataset.step;
}

function section(name, html) {
  const element = document.createElement("div");
  element.className = name;
  replace(element, html);
  return element;
}

// The notebook may set a trait too: the controls then follow.
function showAll(root, model) {
  for (const control of root.querySelectorAll("[data-trait]")) {
    showValue(control, model.get(control.dataset.trait));
  }
}

// JupyterLab tells widgets only of a restart; that a kernel has died or was shut down is known to its connection.
function whenEnded(kernel, tell) {
  if (!kernel?.statusChanged) return () => {};
  const look = (_, status) => ENDED.has(status) && tell();
  kernel.statusChanged.connect(look);
  kernel.disposed.connect(tell);
  return () => {
    kernel.statusChanged.disconnect(look);
    kernel.disposed.disconnect(tell);
  };
}

// The kernel is no more, and presses reach nobody.
function sayGone(el, text) {
  if (el.classList.contains("gone")) return;
  el.classList.add("gone");
  const told = document.createElement("p");
  told.className = "bad";
  told.setAttribute("role", "alert");
  told.textContent = text;
  el.prepend(told);
  const asking = el.querySelectorAll("[data-trait], [data-cell], [data-threshold]");
  asking.forEach((control) => control.setAttribute("aria-disabled", "true"));
}

export default { render };
