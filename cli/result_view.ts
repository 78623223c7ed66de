/**
 * A result, for people.
 *
 * @module
 */

import { printable, type Terminal } from "./terminal.ts";

const SPARKS = "▁▂▃▄▅▆▇█";
const SPARK_WIDTH = 48;
const OTHER_TEXT = 2000;

/**
 * Reads `result.json`.
 *
 * @param bytes Its bytes, where there is one.
 * @returns The value, or `null` when there is none or it is not JSON.
 */
export function parseResult(bytes?: Uint8Array): unknown {
  if (!bytes) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/**
 * Shows a result: the metrics as a table, each plotted series as a line of blocks, anything else as JSON.
 *
 * @param result What {@linkcode parseResult} gave.
 * @param terminal Knows whether colours are wanted.
 * @returns Lines.
 */
export function showResult(result: unknown, { paint }: Pick<Terminal, "paint">): string[] {
  if (result === null) return ["There is no result."];
  if (!isRecord(result)) return [JSON.stringify(result).slice(0, OTHER_TEXT)];
  const { metrics, plots, ...other } = result;
  const lines: string[] = [];
  if (isRecord(metrics)) {
    const width = Math.max(0, ...Object.keys(metrics).map((name) => name.length));
    lines.push(paint("bold", "Metrics"));
    for (const [name, value] of Object.entries(metrics)) {
      lines.push(printable(`  ${name.padEnd(width)}  ${format(value)}`));
    }
  }
  const series = (Array.isArray(plots) ? plots : []).filter(isSeries);
  if (series.length > 0) {
    const width = Math.max(...series.map(({ name }) => name.length));
    lines.push(paint("bold", "Plots"));
    for (const { name, y } of series) {
      const known = y.filter((value) => value !== null);
      const range = `${format(known[0])} to ${format(known.at(-1))}`;
      lines.push(`  ${printable(name).padEnd(width)}  ${paint("cyan", sparkline(y))}  ${range}`);
    }
  }
  if (lines.length > 0) return lines;
  return [printable(JSON.stringify(other)).slice(0, OTHER_TEXT)];
}

/**
 * Draws a series as one line of blocks, lowest to highest.
 *
 * @param values The series. Longer ones are thinned out.
 */
export function sparkline(values: readonly (number | null)[]): string {
  const step = Math.max(1, values.length / SPARK_WIDTH);
  const shown: (number | null)[] = [];
  for (let at = 0; at < values.length; at += step) shown.push(values[Math.floor(at)] ?? null);
  const numbers = shown.filter((value) => value !== null);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const level = (value: number) => Math.round(((value - low) / (high - low || 1)) * (SPARKS.length - 1));
  return shown.map((value) => (value === null ? " " : SPARKS[level(value)])).join("");
}

function format(value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  return String(Number(value.toPrecision(6)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSeries(value: unknown): value is { name: string; y: (number | null)[] } {
  return isRecord(value) && typeof value.name === "string" && Array.isArray(value.y) && value.y.length > 0 &&
    value.y.every((item) => item === null || typeof item === "number") &&
    value.y.some((item) => item !== null);
}
