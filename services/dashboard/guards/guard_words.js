/** Guards in words. */

import { exact } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const UNITS = { drawdown_pct: " %", rate_per_minute: " a minute" };

/** The metric that a guard watches: `equity.value`. */
export const metricOf = ({ metric, field }) =>
  plainText(field === undefined ? metric : `${metric}.${field}`, 80);

/** A number that is compared with the limit: `3.2 %`. */
export function valueWords(value, { when }) {
  // Money is not rounded; what Berth has calculated is.
  const unit = UNITS[when];
  return unit === undefined ? exact(value) : `${exact(Number(value.toPrecision(4)))}${unit}`;
}

/** When a guard trips: `below 9,000 for 30 s`. */
export function limitWords(guard) {
  const { when, limit, forSeconds = 0 } = guard;
  const words = when === "drawdown_pct"
    ? `more than ${valueWords(limit, guard)} under the peak`
    : when === "rate_per_minute"
    ? `above ${valueWords(limit, guard)}`
    : `${when} ${exact(limit)}`;
  return forSeconds > 0 ? `${words} for ${forSeconds} s` : words;
}
