// A button with `data-copy` copies the text of the `pre` beside it, and then says what that attribute says; or what
// `data-selected` says, where a page may not write to the clipboard.
async function copyText({ target }) {
  const button = target.closest("[data-copy]");
  const text = button?.parentElement.querySelector("pre");
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = button.dataset.copy;
  } catch {
    getSelection().selectAllChildren(text); // one key is left to press
    button.textContent = button.dataset.selected;
  }
}
