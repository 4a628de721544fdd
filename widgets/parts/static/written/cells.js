// Cells to write in, around the live face of every view: view.js stands before this in the widget's one text. A cell
// that was left sends its text, to be put into a dict of dicts, at the place that `data-path` names, in the trait
// `data-cell`: the dict is the kernel's, who may change it at the same time.
function renderCells({ model, el }) {
  let typing;
  const remember = () => (typing = typed(el));
  const resume = () => typing && putBack(typing);
  const write = ({ target, type, key }) => {
    if (!target.dataset.path || (type === "keydown" && key !== "Enter")) return;
    model.send({ cell: target.dataset.cell, path: JSON.parse(target.dataset.path), text: target.value });
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
