/** Kinds, urgencies and outcomes of notifications, as shape and word. */

import { linkTo } from "../app/router.js";
import { html } from "../components/html.js";
import { schedules } from "../store/schedules.js";

const OUTCOMES = {
  "delivered": ["running", "Delivered"],
  "waiting": ["waiting", "Waiting"],
  "given-up": ["failing", "Given up"],
};
const SEVERITIES = {
  critical: ["failing", "Critical"],
  warning: ["waiting", "Warning"],
  info: ["plain", "Info"],
};

const chip = ([tone, word]) => html`<span class=${`chip ${tone}`}>${word}</span>`;

/** @param outcome `delivered`, `waiting` or `given-up`. */
export const Outcome = ({ outcome }) => chip(OUTCOMES[outcome]);

/** @param severity `critical`, `warning` or `info`. @param state `recovered` if an incident has ended. */
export const Urgency = ({ severity, state }) =>
  chip(state === "recovered" ? ["running", "Recovered"] : SEVERITIES[severity]);

/** The link to the page of an event's subject; `undefined` if it is the service itself. */
export function subjectLink({ kind, bot }) {
  if (bot === undefined) return undefined;
  const isSchedule = kind.startsWith("run.") || schedules.value?.some(({ id }) => id === bot);
  return linkTo(isSchedule ? "schedules" : "bots", bot);
}
