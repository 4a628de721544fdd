// A page of the Jupyter server inside a view; view.js precedes this in the widget's single script. The kernel knows the
// page's address below the server's base URL; only the browser knows that base URL, which a hub chooses.
function renderFrame({ model, el }) {
  const fill = () => el.querySelectorAll("[data-address]").forEach(fillPlace);
  const end = render({ model, el });
  const refill = () => whenReleased(el.querySelector(".kit-content"), fill);
  model.on("change:content", refill); // listens after the view does, which has redrawn by then
  fill();
  return () => {
    model.off("change:content", refill);
    end();
  };
}

async function fillPlace(place) {
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  const address = new URL(place.dataset.address, new URL(config.baseUrl ?? "/", location.origin));
  if (document.body.dataset.jpThemeLight === "false") address.searchParams.set("darkMode", "true");
  const [link, frame, problem] = ["a", "iframe", ".bad"].map((name) => place.querySelector(name));
  link.href = address;
  const problemOf = (answer) => problem.dataset.advice.replace("{answer}", answer);
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    if (frame.src !== address.href) frame.src = address; // it would load again
    frame.hidden = false;
    problem.hidden = true;
  } catch (error) {
    problem.textContent = problemOf(error.message);
    problem.hidden = false;
  }
}

export default { render: renderFrame };
