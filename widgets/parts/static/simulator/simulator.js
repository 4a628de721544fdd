// Thresholds to move, around the live face of every view; view.js and copy.js precede this in the widget's single
// script. Each threshold has a slider and a field with its index in `data-threshold`; the trait `at` has all values.
function renderSimulator({ model, el }) {
  const end = render({ model, el });
  const move = ({ target }) => {
    const place = Number(target.dataset.threshold ?? -1);
    if (place < 0 || !Number.isFinite(target.valueAsNumber)) return; // a field that is being emptied
    const at = [...model.get("at")];
    at[place] = target.valueAsNumber;
    model.set("at", at);
    model.save_changes();
  };
  const follow = () => {
    const at = model.get("at");
    for (const control of el.querySelectorAll("[data-threshold]")) {
      const value = at[Number(control.dataset.threshold)];
      // What is being typed is newer than what the kernel knows; a slider stops at its ends.
      if (control.type === "range" || control !== document.activeElement) control.value = value;
    }
  };
  const stop = new AbortController();
  el.addEventListener("input", move, { signal: stop.signal });
  el.addEventListener("focusout", () => setTimeout(follow), { signal: stop.signal }); // a field that was left empty
  el.addEventListener("click", copyText, { signal: stop.signal });
  model.on("change:at", follow);
  follow();
  return () => {
    stop.abort();
    model.off("change:at", follow);
    end();
  };
}

export default { render: renderSimulator };
