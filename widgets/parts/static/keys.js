// A key that is pressed in a view is the view's: the notebook around it has keys of its own, such as `x` to cut the cell
// and `m` to make a text of it. Those with Ctrl, Cmd or Alt stay the host's, and Shift+Enter, which runs the cell.
export function keepKeys(root, signal) {
  const keep = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter")) return;
    event.stopPropagation();
  };
  root.addEventListener("keydown", keep, { signal });
}
