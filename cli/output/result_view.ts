/**
 * A result, for people.
 *
 * @module
 */

import { type Node, parseTree } from "jsonc-parser";
import { compactJson } from "./compact_json.ts";
import { printable, type Terminal } from "./terminal.ts";

const SPARKS = "▁▂▃▄▅▆▇█";
const SPARK_WIDTH = 48;
const OTHER_CHARACTERS = 2000;
/** The shortest number that stands for a binary one has at most so many digits; the last of them are noise. */
const BINARY_DIGITS = 17;
/** Fewer than so many decimals are an amount, and no noise. */
const NOISY_DECIMALS = 10;

/** A result as its program wrote it: no number has lost a digit, no key its place. */
export interface ExactResult {
  /** JSON in one line. */
  readonly text: string;
  /** The same as a tree whose nodes are places in `text`. */
  readonly root: Node;
}

/**
 * Reads `result.json`.
 *
 * @param bytes Its bytes, where there is one. They were found to be JSON.
 * @returns The result; `undefined` when there is none.
 */
export function readResult(bytes?: Uint8Array): ExactResult | undefined {
  if (!bytes) return undefined;
  const text = compactJson(new TextDecoder().decode(bytes));
  const root = parseTree(text);
  return root && { text, root };
}

/**
 * Shows a result: the metrics as a table, each plotted series as a line of blocks, anything else as JSON.
 *
 * @param result What {@linkcode readResult} gave.
 * @param terminal Knows whether colours are wanted.
 * @param reason Why there is none, where that is known.
 * @returns Lines.
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

/** A number keeps its digits, but for the noise at the end of a binary fraction. */
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

/** A series is an object with a name and numbers; numbers may be missing. */
function toSeries(node: Node): { readonly name: string; readonly items: readonly Node[] }[] {
  if (node.type !== "object") return [];
  const [name, y] = [childOf(node, "name"), childOf(node, "y")];
  const items = y?.type === "array" ? y.children ?? [] : [];
  const isSeries = name?.type === "string" && items.some(({ type }) => type === "number") &&
    items.every(({ type }) => type === "number" || type === "null");
  return isSeries ? [{ name: name.value as string, items }] : [];
}
