// Cells to write in, around the live face of every view: view.js stands before this in the widget's one text. A cell
// that was left puts its text into a dict of dicts, at the place that `data-path` names, in the trait `data-cell`.
function renderCells({ model, el }) {
  let typing;
  const remember = () => (typing = typed(el));
  const resume = () => typing && putBack(typing);
  const write = ({ target, type, key }) => {
    if (!target.dataset.path || (type === "keydown" && key !== "Enter")) return;
    const [outer, inner] = JSON.parse(target.dataset.path);
    const texts = structuredClone(model.get(target.dataset.cell));
    texts[outer] = { ...texts[outer], [inner]: target.value };
    model.set(target.dataset.cell, texts);
    model.save_changes();
  };

  model.on("change:content", remember); // listens before the view does, which then redraws
  const end = render({ model, el });
  model.on("change:content", resume);
  const stop = new AbortController();
  // Enter too: a browser that did not see the keys themselves, but a text being put in, tells of no change then.
  ["change", "keydown"].forEach((type) => el.addEventListener(type, write, { signal: stop.signal }));
  return () => {
    stop.abort();
    model.off("change:content", remember);
    model.off("change:content", resume);
    end();
  };
}

// What is being typed into the next cell is newer than what the kernel drew when the last one was left.
function typed(el) {
  const { value, selectionStart, selectionEnd, dataset } = document.activeElement;
  const isCell = el.contains(document.activeElement) && document.activeElement.matches('input[type="text"]');
  return isCell ? { value, selectionStart, selectionEnd, key: dataset.key } : undefined;
}

function putBack({ value, selectionStart, selectionEnd, key }) {
  const cell = document.activeElement;
  if (cell.dataset.key !== key) return;
  cell.value = value;
  cell.setSelectionRange(selectionStart, selectionEnd);
}

export default { render: renderCells };
