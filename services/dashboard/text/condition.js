/** Conditions, with times as people read them. */

import { clockTime, day, shortTime } from "./format.js";

const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A condition of the API with times of this browser: `backing off until 14:08:31 (exit code 1 …)`. */
export function conditionWords(text, now = Date.now()) {
  return text.replace(ISO, (iso) => {
    const ms = Date.parse(iso);
    return day(ms) === day(now) ? clockTime(ms) : shortTime(ms, now);
  });
}
