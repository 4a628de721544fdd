// Ends a training while its kernel is busy with it: messages of widgets reach such a kernel on a subshell, where front
// end and kernel have them. Where they do not, the command is shown. view.js stands before this in the widget's one text.
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
    // Written only then: it would take away what is selected, each second.
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
