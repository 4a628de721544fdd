// A view with texts to copy: view.js and copy.js precede this in the widget's single script.
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
