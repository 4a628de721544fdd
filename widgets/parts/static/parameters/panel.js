// The parameters panel, around the cells to write in; view.js, cells.js and copy.js precede this in the widget's single
// script. The batch has an element of its own, since it changes every second, even while somebody types or chooses.
function renderPanel({ model, el }) {
  const end = renderCells({ model, el });
  const batch = section("kit-batch", "");
  const draw = () => {
    replace(batch, model.get("progress"));
    batch.querySelectorAll("[data-file]").forEach(linkFile);
  };
  const stop = new AbortController();
  el.addEventListener("click", copyText, { signal: stop.signal });
  el.append(batch);
  const redraw = () => whenReleased(batch, draw);
  model.on("change:progress", redraw);
  draw();
  return () => {
    stop.abort();
    model.off("change:progress", redraw);
    end();
  };
}

// Jupyter's server offers the files below its root; the path of any other stays plain text.
function linkFile(link) {
  const { rootUri, baseUrl } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const root = rootUri ? `${decodeURIComponent(new URL(rootUri).pathname).replace(/\/$/, "")}/` : undefined;
  const { file } = link.dataset;
  link.removeAttribute("href"); // of the file before
  if (!root || !file.startsWith(root)) return;
  const path = file.slice(root.length).split("/").map(encodeURIComponent).join("/");
  link.href = new URL(`files/${path}`, new URL(baseUrl ?? "/", location.origin));
}

export default { render: renderPanel };
