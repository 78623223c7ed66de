/**
 * Which of the bots' own metrics `/metrics` shows: METRICS_ALLOW.
 *
 * @module
 */

/** A number of a bot's own metrics. */
export interface AllowedMetric {
  /** The value of `_metric`. */
  readonly metric: string;
  /** Name of the field that holds the number. */
  readonly field: string;
}

/** Most entries: each may become a series per bot. */
export const MAX_ALLOWED_METRICS = 20;
const MAX_NAME_LENGTH = 100;

/**
 * Reads a list of metrics, for example `equity, fill:price`.
 *
 * @param text Names separated by commas. Without a field, the field is `value`.
 * @returns The metrics; `undefined` if an entry is wrong, or there are too many.
 */
export function parseAllowedMetrics(text: string): AllowedMetric[] | undefined {
  const entries = text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  const allowed: AllowedMetric[] = [];
  for (const entry of new Set(entries)) {
    const [metric = "", field = "value", ...more] = entry.split(":").map((name) => name.trim());
    const isName = (name: string) => name !== "" && name.length <= MAX_NAME_LENGTH;
    if (!isName(metric) || !isName(field) || more.length > 0) return undefined;
    allowed.push({ metric, field });
  }
  return allowed.length > MAX_ALLOWED_METRICS ? undefined : allowed;
}
