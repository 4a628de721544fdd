// Cells to write in, around the live face of every view: view.js stands before this in the widget's one text. A cell
// that was left sends its text, to be put into a dict of dicts, at the place that `data-path` names, in the trait
// `data-cell`: the dict is the kernel's, who may change it at the same time. The traits that `data-over` names go with it.
function renderCells({ model, el }) {
  const write = ({ target, type, key }) => {
    if (!target.dataset.path || (type === "keydown" && key !== "Enter")) return;
    const { cell, path, over } = target.dataset;
    const chosen = JSON.parse(over ?? "[]").map((trait) => [trait, model.get(trait)]);
    model.send({ cell, path: JSON.parse(path), over: Object.fromEntries(chosen), text: target.value });
  };

  const end = render({ model, el });
  const stop = new AbortController();
  // Enter too: a browser that did not see the keys themselves, but a text being put in, tells of no change then.
  ["change", "keydown"].forEach((type) => el.addEventListener(type, write, { signal: stop.signal }));
  return () => {
    stop.abort();
    end();
  };
}

export default { render: renderCells };
