// Updates an element's content in place to what was drawn. A node that is already there is kept, and with it the focus,
// text being typed or composed, the selection, the scroll position, an open list, and unfolded details.

// Each element as it was last drawn: what a script or a person has changed since then stays until the drawing changes.
const drawnBefore = new WeakMap();

export function settle(there, drawn) {
  const olds = [...there.childNodes];
  const found = pairs(olds, drawn.childNodes);
  const kept = new Set(found.values());
  olds.forEach((old) => kept.has(old) || old.remove());
  let place = there.firstChild;
  for (const next of [...drawn.childNodes]) {
    const node = found.get(next) ?? next;
    if (node !== next) become(node, next);
    else remember(node);
    // A moved node loses the focus, so the one that has it stays, and the others move around it.
    while (place && place !== node && node.contains(document.activeElement)) {
      const other = place;
      place = place.nextSibling;
      there.append(other);
    }
    if (place === node) place = place.nextSibling;
    else there.insertBefore(node, place);
  }
}

// Maps each new node to the old one that it continues: by key, else the next of the same class, else of the same name.
function pairs(olds, drawn) {
  const found = new Map();
  const taken = new Set();
  for (const likeness of [keyOf, classOf, nameOf]) {
    const free = new Map();
    for (const old of olds) {
      const like = taken.has(old) ? undefined : likeness(old);
      if (like === undefined) continue;
      if (!free.has(like)) free.set(like, []);
      free.get(like).push(old);
    }
    for (const next of drawn) {
      const old = found.has(next) ? undefined : free.get(likeness(next))?.shift();
      if (!old) continue;
      found.set(next, old);
      taken.add(old);
    }
  }
  return found;
}

// A row or a label is identified by the first control in it.
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return undefined;
  if (hasKey(node)) return `${node.nodeName} ${node.dataset.key}`;
  const inner = node.querySelector("[data-key]");
  return inner ? `${node.nodeName} with ${inner.dataset.key}` : undefined;
}

// An element with a key of its own is matched by that only.
function classOf(node) {
  return hasKey(node) ? undefined : `${node.nodeName} ${drawnAs(node).getAttribute?.("class") ?? ""}`;
}

function nameOf(node) {
  return hasKey(node) ? undefined : node.nodeName;
}

function hasKey(node) {
  return node.dataset?.key !== undefined;
}

function drawnAs(node) {
  return drawnBefore.get(node) ?? node;
}

function remember(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const element of [node, ...node.querySelectorAll("*")]) drawnBefore.set(element, element.cloneNode(false));
}

function become(there, next) {
  if (there.nodeType !== Node.ELEMENT_NODE) {
    if (there.data !== next.data) there.data = next.data; // only then: it would take away what is selected
    return;
  }
  const before = drawnAs(there);
  const isUsed = there === document.activeElement;
  const { value, defaultValue } = there;
  for (const { name } of [...before.attributes]) if (!next.hasAttribute(name)) there.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (before.getAttribute(name) !== value) there.setAttribute(name, value);
  drawnBefore.set(there, next.cloneNode(false));
  settle(there, next);
  if (there.matches("input")) show(there, isUsed && value !== defaultValue ? value : there.defaultValue);
  if (there.matches("select")) show(there, isUsed && offers(there, value) ? value : chosenIn(there));
}

// What is being typed or chosen is newer than what the kernel drew; a field that has only the focus is updated.
function show(control, value) {
  if (control.value !== value) control.value = value;
}

function offers(select, value) {
  return [...select.options].some((one) => one.value === value);
}

function chosenIn(select) {
  const option = [...select.options].find((one) => one.defaultSelected) ?? select.options[0];
  return option?.value ?? "";
}
