// A button with `data-copy` copies the text of the `pre` beside it.
async function copyText({ target }) {
  const button = target.closest("[data-copy]");
  const text = button?.parentElement.querySelector("pre");
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text); // a page that may not write there: one key is left to press
    button.textContent = "Selected";
  }
}
