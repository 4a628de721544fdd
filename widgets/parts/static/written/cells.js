// Cells to write in, around the live face of every view; view.js precedes this in the widget's single script. A cell
// that loses the focus sends its text for the path `data-path` in the dict of dicts of the trait `data-cell`. The dict
// is the kernel's, which may change it at the same time. The traits that `data-over` names are sent along.
function renderCells({ model, el }) {
  const write = ({ target, type, key }) => {
    if (!target.dataset.path || (type === "keydown" && key !== "Enter")) return;
    const { cell, path, over } = target.dataset;
    const chosen = JSON.parse(over ?? "[]").map((trait) => [trait, model.get(trait)]);
    model.send({ cell, path: JSON.parse(path), over: Object.fromEntries(chosen), text: target.value });
  };

  const end = render({ model, el });
  const stop = new AbortController();
  // Enter too: a browser sends no change event where text was inserted without key events.
  ["change", "keydown"].forEach((type) => el.addEventListener(type, write, { signal: stop.signal }));
  return () => {
    stop.abort();
    end();
  };
}

export default { render: renderCells };
