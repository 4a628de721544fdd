// Keeps keys that are pressed in a view from the notebook around it, which has shortcuts of its own, such as `x` to cut
// the cell and `m` to make it Markdown. Keys with Ctrl, Cmd or Alt pass, and so does Shift+Enter, which runs the cell.
export function keepKeys(root, signal) {
  const keep = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter")) return;
    event.stopPropagation();
  };
  root.addEventListener("keydown", keep, { signal });
}
