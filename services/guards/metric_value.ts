/**
 * Reads the number of a metric that a guard looks at.
 *
 * @module
 */

import type { Metric } from "../../lib/logs/metric_series.ts";
import { field, isObject, typeName } from "../documents/document_fields.ts";
import type { GuardRule } from "../documents/guard_settings.ts";

/** A number, or why there is none. */
export type MetricValue = { readonly value: number } | { readonly oddity: string };

/**
 * Reads the number. A rule that counts lines gets 1 from each.
 *
 * @param metric The metric.
 * @param rule The rule; the metric is of its type.
 */
export function metricValue(metric: Metric, rule: Pick<GuardRule, "field">): MetricValue {
  if (rule.field === undefined) return { value: 1 };
  const read = valueAt(metric.fields, rule.field);
  const found = typeof read === "bigint" ? Number(read) : read;
  if (typeof found === "number" && Number.isFinite(found)) return { value: found };
  return { oddity: typeof found === "number" ? String(found) : typeName(found) };
}

/** A field of exactly that name comes before one that is nested. */
function valueAt(fields: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path];
  return path.split(".").reduce<unknown>(
    (value, name) => isObject(value) ? field(value, name) : undefined,
    fields,
  );
}
