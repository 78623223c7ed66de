/**
 * Formats a result for people.
 *
 * @module
 */

import { type Node, parseTree } from "jsonc-parser";
import { compactJson } from "./compact_json.ts";
import { printable, type Terminal } from "./terminal.ts";

const SPARKS = "▁▂▃▄▅▆▇█";
const SPARK_WIDTH = 48;
const OTHER_CHARACTERS = 2000;
/** Maximum number of digits in the shortest form of a binary fraction; the last ones are noise. */
const BINARY_DIGITS = 17;
/** A number with fewer decimals than this is an amount without noise. */
const NOISY_DECIMALS = 10;

/** A result as its program wrote it, with all digits and the original order of keys. */
export interface ExactResult {
  /** JSON in one line. */
  readonly text: string;
  /** The syntax tree, whose nodes are positions in `text`. */
  readonly root: Node;
}

/**
 * Parses `result.json`.
 *
 * @param bytes Its bytes, if there is one; already checked to be JSON.
 * @returns The result; `undefined` if there is none.
 */
export function readResult(bytes?: Uint8Array): ExactResult | undefined {
  if (!bytes) return undefined;
  const text = compactJson(new TextDecoder().decode(bytes));
  const root = parseTree(text);
  return root && { text, root };
}

/**
 * Formats a result: metrics as a table, each plotted series as a line of blocks, anything else as JSON.
 *
 * @param result The result, from {@linkcode readResult}.
 * @param terminal Colours the lines.
 * @param reason Why there is no result, if known.
 * @returns The lines.
 */
export function showResult(
  result: ExactResult | undefined,
  { paint }: Pick<Terminal, "paint">,
  reason?: string,
): string[] {
  if (!result) return [printable(reason ? `There is no result: ${reason}` : "There is no result.")];
  const { text, root } = result;
  const lines: string[] = [];
  const metrics = entriesOf(childOf(root, "metrics"));
  if (metrics.length > 0) {
    const width = Math.max(0, ...metrics.map(([name]) => name.length));
    lines.push(paint("bold", "Metrics"));
    for (const [name, value] of metrics) {
      lines.push(printable(`  ${name.padEnd(width)}  ${format(value, text)}`));
    }
  }
  const series = (childOf(root, "plots")?.children ?? []).flatMap(toSeries);
  if (series.length > 0) {
    const width = Math.max(...series.map(({ name }) => name.length));
    lines.push(paint("bold", "Plots"));
    for (const { name, items } of series) {
      const known = items.filter(({ type }) => type === "number");
      const range = `${format(known[0]!, text)} to ${format(known.at(-1)!, text)}`;
      const line = sparkline(items.map(({ value }) => value as number | null));
      lines.push(`  ${printable(name).padEnd(width)}  ${paint("cyan", line)}  ${range}`);
    }
  }
  return lines.length > 0 ? lines : [printable(text.slice(0, OTHER_CHARACTERS))];
}

/**
 * Draws a series as one line of blocks, from lowest to highest.
 *
 * @param values The series. A long one is thinned out.
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

/** Keeps a number's digits, except for the noise at the end of a binary fraction. */
function format({ type, value, offset, length }: Node, text: string): string {
  if (type === "string") return value as string;
  const written = text.slice(offset, offset + length);
  const decimals = type === "number" ? /^-?(\d+)\.(\d+)$/.exec(written) : null;
  if (!decimals || decimals[2]!.length < NOISY_DECIMALS) return written;
  const digits = `${decimals[1]}${decimals[2]}`.replace(/^0+/, "").length;
  if (digits < BINARY_DIGITS - 1 || digits > BINARY_DIGITS) return written;
  return String(Number((value as number).toPrecision(BINARY_DIGITS - 2)));
}

function entriesOf(node: Node | undefined): [string, Node][] {
  if (node?.type !== "object") return [];
  return (node.children ?? []).map(({ children }) => [String(children![0]!.value), children![1]!]);
}

function childOf(node: Node, name: string): Node | undefined {
  return entriesOf(node).findLast(([key]) => key === name)?.[1];
}

/** A series is an object with a name and numbers, some of which may be missing. */
function toSeries(node: Node): { readonly name: string; readonly items: readonly Node[] }[] {
  if (node.type !== "object") return [];
  const [name, y] = [childOf(node, "name"), childOf(node, "y")];
  const items = y?.type === "array" ? y.children ?? [] : [];
  const isSeries = name?.type === "string" && items.some(({ type }) => type === "number") &&
    items.every(({ type }) => type === "number" || type === "null");
  return isSeries ? [{ name: name.value as string, items }] : [];
}
