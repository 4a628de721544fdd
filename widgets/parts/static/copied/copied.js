// A view with texts to copy: view.js and copy.js stand before this in the widget's one text.
function renderCopied({ model, el }) {
  const end = render({ model, el });
  const stop = new AbortController();
  el.addEventListener("click", copyText, { signal: stop.signal });
  return () => {
    stop.abort();
    end();
  };
}

export default { render: renderCopied };
