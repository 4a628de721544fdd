// How a control's value is shown, and read when an event of some type reaches it (undefined: not the event to listen
// to, or an invalid value).

export function controlValue(control, eventType, present) {
  if (control.tagName === "BUTTON") return eventType === "click" ? pressedValue(control, present) : undefined;
  if (control.type === "checkbox") return eventType === "change" ? control.checked : undefined;
  if (control.tagName === "SELECT") return eventType === "change" ? control.value : undefined;
  if (eventType !== "input" || !control.validity.valid) return undefined;
  if (control.type === "number") return control.value === "" ? 0 : control.valueAsNumber;
  return control.value;
}

// A button's value; with `data-step`, the present number plus that step, kept between 0 and the value; with
// `data-room`, a list of at most that many, to which the value is added or from which it is removed.
// Number and list are the browser's own: what the kernel drew may be older than a press just before this one.
function pressedValue(button, present) {
  const value = JSON.parse(button.dataset.value);
  const step = Number(button.dataset.step ?? 0);
  if (step) return Math.min(Math.max(Math.min(present, value) + step, 0), value);
  const room = Number(button.dataset.room ?? 0);
  if (!room) return value;
  return present.includes(value) ? present.filter((one) => one !== value) : [...present, value].slice(-room);
}

export function showValue(control, value) {
  if (control.tagName === "BUTTON") return;
  if (control.type === "checkbox") control.checked = value;
  // What is being typed is newer than what the kernel knows.
  else if (control !== document.activeElement) control.value = value;
}

// A focused number field would change its value when the page is scrolled with the pointer over it.
export function scrollPast({ target }) {
  if (target === document.activeElement && target.type === "number") target.blur();
}
