/** Light or dark: as the system says, unless somebody chose. */

import { signal } from "@preact/signals";

const NAME = "berth-theme";
const THEMES = ["system", "light", "dark"];

/** `system`, `light` or `dark`. */
export const theme = signal(kept());

function kept() {
  try {
    return THEMES.includes(localStorage.getItem(NAME)) ? localStorage.getItem(NAME) : "system";
  } catch {
    // Browsers may forbid it.
    return "system";
  }
}

function apply() {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

apply();

/** Switches to the next theme. */
export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  apply();
  try {
    localStorage.setItem(NAME, theme.value);
  } catch {
    // It lasts as long as the page.
  }
}
