// Stops a training while its kernel is busy with it: widget messages reach such a kernel on a subshell, if front end
// and kernel support them; if not, the command is shown. view.js precedes this in the widget's single script.
function renderTraining({ model, el }) {
  const end = render({ model, el });
  const button = el.querySelector('[data-key="stop"]');
  const hint = el.querySelector(".kit-controls p");
  const kernel = () => model.widget_manager?.kernel;
  const offer = () => {
    const reached = kernel()?.supportsSubshells === true && kernel().commsOverSubshells !== "disabled";
    const underWay = model.get("under_way");
    button.hidden = !(underWay && reached);
    if (model.get("stopping")) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
    hint.hidden = !(underWay && !reached && model.get("by_hand"));
    const command = hint.querySelector("code");
    // Written only if it has changed: each write would clear the selection, every second.
    if (command.textContent !== model.get("by_hand")) command.textContent = model.get("by_hand");
  };
  model.on("change", offer);
  offer();
  return () => {
    model.off("change", offer);
    end();
  };
}

export default { render: renderTraining };
