/** The buttons for a schedule. */

import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { readSchedules } from "../store/schedules.js";

/** Path of a schedule, or of something of it. */
export const schedulePath = (id, rest = "") => `/api/schedules/${encodeURIComponent(id)}${rest}`;

/** @param id Id of the schedule. @param isEnabled Whether it is enabled. @param onRun Gets the run that was started. */
export function RunNow({ id, isEnabled, onRun, kind = "" }) {
  const run = async () => {
    const started = await call(schedulePath(id, "/run"), { method: "POST", what: `run ${id} now` });
    onRun?.(started);
    return "It is started.";
  };
  return html`
    <${ActionButton} label="Run now" doing="Starting" kind=${kind} subject=${id} run=${run}
      question=${{
        title: `Run ${id} now?`,
        text: `It runs once, at once. ${
          isEnabled ? "Its next times stay as they are." : "It is disabled, and stays so."
        }`,
      }} />
  `;
}

/** @param id Id of the schedule. @param isEnabled Whether it is enabled. */
export function Switch({ id, isEnabled }) {
  const set = async (name) => {
    await call(schedulePath(id, `/${name}`), { method: "POST", what: `${name} ${id}` });
    await readSchedules();
    return name === "enable" ? "It is enabled." : "It is disabled.";
  };
  if (!isEnabled) {
    return html`<${ActionButton} key="enable" label="Enable" doing="Enabling" run=${() => set("enable")} />`;
  }
  return html`
    <${ActionButton} key="disable" label="Disable" doing="Disabling" kind="danger" run=${() => set("disable")}
      question=${{
        title: `Disable ${id}?`,
        text: "It does not run any more until somebody enables it. A run in progress finishes.",
        isDanger: true,
      }} />
  `;
}
