/** The keyboard. A page adds its own keys while it is there. */

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { go } from "./router.js";
import { PAGES } from "./routes.js";

/** Whether the list of keys is shown. */
export const isHelpOpen = signal(false);

/** The time within which the second key of `g b` is pressed, in ms. */
const SECOND_KEY_MS = 1500;

const own = new Set();
let firstKeyAt = -Infinity;

/** Keys of a page: functions by key, such as `{ j: () => next() }`. */
export function useKeys(keys, inputs = []) {
  // Before the page is painted: a key that is pressed at once counts.
  useLayoutEffect(() => {
    own.add(keys);
    return () => own.delete(keys);
  }, inputs);
}

function onKey(event) {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey || event.defaultPrevented || document.querySelector("dialog[open]")) {
    return;
  }
  const isTyping = target.matches?.("input, select, textarea, [contenteditable]");
  if (isTyping) {
    if (key === "Escape") target.blur();
    return;
  }
  const action = actionOf(key, event);
  if (!action) return;
  event.preventDefault();
  action();
}

function actionOf(key, event) {
  if (event.timeStamp - firstKeyAt < SECOND_KEY_MS) {
    firstKeyAt = -Infinity;
    const page = PAGES.find((one) => one.key === key);
    if (page) return () => go(page.name);
  }
  for (const keys of [...own].reverse()) if (Object.hasOwn(keys, key)) return keys[key];
  if (key === "g") return () => firstKeyAt = event.timeStamp;
  if (key === "?") return () => isHelpOpen.value = true;
  if (key === "/") {
    const find = document.querySelector("[data-find]");
    return find && (() => {
      find.focus();
      find.select();
    });
  }
}

/** Begins to listen to the keyboard. */
export function startKeys() {
  addEventListener("keydown", onKey);
}
