// Stops the running step. The busy kernel reads no widget messages until the cell ends, so this goes through Jupyter's
// server: an interrupt, which front ends offer where the widget manager knows its kernel. view.js precedes this in the
// widget's single script.
function renderStep({ model, el }) {
  const end = render({ model, el });
  const button = el.querySelector("[data-cancel]");
  const hint = el.querySelector("[data-hint]");
  const kernel = () => model.widget_manager?.kernel;
  const offer = () => {
    const canAsk = typeof kernel()?.interrupt === "function";
    button.hidden = !(model.get("under_way") && canAsk);
    hint.hidden = !(model.get("under_way") && !canAsk);
  };
  const cancel = async () => {
    if (button.getAttribute("aria-disabled")) return; // once is enough; the next interrupt would hit another cell
    button.setAttribute("aria-disabled", "true");
    try {
      await kernel().interrupt();
    } catch (error) {
      button.hidden = true;
      hint.hidden = false;
      hint.textContent = `${hint.dataset.failed} ${error.message} ${hint.textContent}`;
    }
  };
  button.addEventListener("click", cancel);
  model.on("change:under_way", offer);
  offer();
  return () => {
    button.removeEventListener("click", cancel);
    model.off("change:under_way", offer);
    end();
  };
}

export default { render: renderStep };
