// How a control's value is read when an event of a type reaches it (undefined: not the event to listen to), and shown.

export function controlValue(control, eventType) {
  if (control.tagName === "BUTTON") return eventType === "click" ? JSON.parse(control.dataset.value) : undefined;
  if (control.type === "checkbox") return eventType === "change" ? control.checked : undefined;
  if (control.tagName === "SELECT") return eventType === "change" ? control.value : undefined;
  if (eventType !== "input") return undefined;
  if (control.type === "number") return control.value === "" ? 0 : control.valueAsNumber;
  return control.value;
}

export function showValue(control, value) {
  if (control.tagName === "BUTTON") return;
  if (control.type === "checkbox") control.checked = value;
  // What is being typed is newer than what the kernel knows.
  else if (control !== document.activeElement) control.value = value;
}
