/**
 * Writes metrics in the two formats that Prometheus reads: its text format 0.0.4, and OpenMetrics 1.0.
 *
 * @module
 */

import type { MetricFamily, Sample } from "./metric.ts";

/** The formats of the page. */
export type PageFormat = "text" | "openmetrics";

/** A page of metrics. */
export interface MetricsPage {
  /** Value of the header `content-type`. */
  readonly contentType: string;
  /** The page. */
  readonly body: string;
}

const CONTENT_TYPES: Readonly<Record<PageFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * Writes a page.
 *
 * @param families The metrics, in the order of the page.
 * @param format The format.
 */
export function writePage(families: Iterable<MetricFamily>, format: PageFormat): MetricsPage {
  const isOpen = format === "openmetrics";
  const lines: string[] = [];
  for (const family of families) {
    const { name, help, type } = family;
    // OpenMetrics names a counter without the ending of its samples.
    const title = isOpen && type === "counter" ? name.replace(/_total$/, "") : name;
    lines.push(`# HELP ${title} ${escapeHelp(help, isOpen)}`, `# TYPE ${title} ${type}`);
    for (const sample of family.samples()) lines.push(writeSample(name, sample, isOpen));
  }
  if (isOpen) lines.push("# EOF");
  return { contentType: CONTENT_TYPES[format], body: lines.map((line) => `${line}\n`).join("") };
}

function writeSample(name: string, { suffix, le, labels, value }: Sample, isOpen: boolean): string {
  let all = labels;
  if (le !== undefined) all = `le="${writeBound(le, isOpen)}"${labels === "" ? "" : `,${labels}`}`;
  return `${name}${suffix}${all === "" ? "" : `{${all}}`} ${writeNumber(value)}`;
}

function escapeHelp(help: string, isOpen: boolean): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
}

/** Programs compare bounds as strings, so OpenMetrics defines how each is written. */
function writeBound(bound: number, isOpen: boolean): string {
  const text = writeNumber(bound);
  return isOpen && Number.isInteger(bound) && !text.includes("e") ? `${text}.0` : text;
}

function writeNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
