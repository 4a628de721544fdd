// A JupyterLab extension, as JupyterLab loads it: without a build.
//
// A notebook that is opened again has live views whose kernel has gone. JupyterLab then says "model not found" and
// leaves the HTML unseen that stands beside each of them; here it is shown instead, until the cell is run again.
// This can go when ipywidgets falls back to another type of an output by itself.
//
// anywidget gives a view 2 s to load its script. Where that takes longer, as on a busy machine with many views, the
// view is drawn all the same, but anywidget refuses every message that the kernel sends it later: it never changes
// again. Here it gets more time. This can go when anywidget waits for the script itself.
//
// JupyterLab writes the kernel's language with its version into every notebook that it opens. The kit's notebooks are
// kept without it, so that each would be shown as unsaved at once; here that alone is not a change to save.
(() => {
  const NAME = "notebook-mlops-kit";
  const LIVE = "application/vnd.jupyter.widget-view+json";
  const STATIC = "text/html";
  const LOAD_MS = { theirs: 2_000, ours: 120_000 };
  let shared = {};

  // One of JupyterLab's own packages, in the version that it runs.
  async function library(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  async function extension() {
    const { INotebookTracker } = await library("@jupyterlab/notebook");
    const plugin = {
      id: `${NAME}:static-faces`,
      autoStart: true,
      requires: [INotebookTracker],
      activate: (_app, tracker) => {
        tracker.forEach(mend);
        tracker.widgetAdded.connect((_tracker, panel) => mend(panel));
      },
    };
    return () => ({ __esModule: true, default: plugin });
  }

  function mend(panel) {
    addFallback(panel.content.rendermime);
    const { model } = panel.context;
    model.metadataChanged.connect((_model, { key }) => {
      if (key !== "language_info" || model.dirty) return;
      queueMicrotask(() => (model.dirty = false)); // it becomes so right after this call, before anybody can type
    });
  }

  // Only what anywidget itself asks for changes: the page has other timeouts of two seconds.
  function giveAnywidgetTime() {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (ms) => {
      const theirs = ms === LOAD_MS.theirs && new Error().stack.includes("/anywidget/");
      return timeout(theirs ? LOAD_MS.ours : ms);
    };
  }

  // Around what makes renderers rather than as one of them, because each notebook gets its own for widgets later.
  function addFallback(rendermime) {
    const create = rendermime.createRenderer.bind(rendermime);
    rendermime.createRenderer = (mimeType, ...rest) => {
      const renderer = create(mimeType, ...rest);
      if (mimeType === LIVE) fallBack(renderer, () => create(STATIC));
      return renderer;
    };
  }

  function fallBack(renderer, createStatic) {
    const renderLive = renderer.renderModel.bind(renderer);
    let model;
    const look = async () => {
      if (!renderer.node.textContent.startsWith("Error displaying widget") || !model.data[STATIC]) return;
      const face = createStatic();
      await face.renderModel(model);
      renderer.node.replaceChildren(face.node);
    };
    // ipywidgets may find only later, when it has asked the kernel, that there is no model.
    new MutationObserver(look).observe(renderer.node, { childList: true });
    renderer.renderModel = (given) => {
      model = given;
      return renderLive(given);
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shared = scope;
      giveAnywidgetTime();
    },
    get: async () => extension(),
  };
})();
