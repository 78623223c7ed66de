/**
 * Reads the content of `channels.yaml`. A mistake in one entry leaves the others in use.
 *
 * @module
 */

import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { type Alert, type Channel, checkAlert, checkChannel, type Checked } from "./channel_schema.ts";

/** The channels of the file. */
export interface ChannelList {
  /** The channels that can be used. */
  readonly channels: readonly Channel[];
  /** The alerts that can be used. */
  readonly alerts: readonly Alert[];
  /** One line for each mistake: where it is, and what to do. */
  readonly problems: readonly string[];
}

const MAX_ENTRIES = 200;

/**
 * Reads the channels and alerts.
 *
 * @param text Content of the file.
 * @returns Its content; `channels` is `undefined` if it is no YAML, or not of the expected form as a whole.
 */
export function parseChannels(
  text: string,
): ChannelList | { readonly channels: undefined; readonly problems: string[] } {
  const lines = new LineCounter();
  const file = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const unreadable = file.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`);
  if (unreadable.length > 0) return { channels: undefined, problems: unreadable };
  let content: unknown;
  try {
    content = file.toJS({ maxAliasCount: 100 });
  } catch {
    return { channels: undefined, problems: ["it repeats parts of itself too often; write them out"] };
  }
  if (content === null || content === undefined) return { channels: [], alerts: [], problems: [] };
  if (typeof content !== "object" || Array.isArray(content)) {
    return { channels: undefined, problems: ["line 1: must be a map with 'channels' and perhaps 'alerts'"] };
  }
  const problems: string[] = [];
  const note = (path: readonly PropertyKey[], message: string) => {
    problems.push(`line ${lineOf(file, lines, path)}: ${toPath(path)}: ${message}`);
  };
  for (const key of Object.keys(content)) {
    if (key !== "channels" && key !== "alerts") note([key], "is not known; known are channels and alerts");
  }
  const root = content as Readonly<Record<string, unknown>>;
  const channels = readList("channels", root.channels, checkChannel, note);
  const names = new Set(channels.map(({ name }) => name));
  const alerts = readList("alerts", root.alerts, (entry, index) => {
    const checked = checkAlert(entry);
    const wanted = "value" in checked ? checked.value.channels ?? [] : [];
    for (const name of wanted) {
      if (!names.has(name)) note(["alerts", index, "channels"], `there is no usable channel '${name}'`);
    }
    return checked;
  }, note);
  return { channels, alerts, problems };
}

function readList<T extends { readonly name: string }>(
  key: string,
  given: unknown,
  check: (entry: unknown, index: number) => Checked<T>,
  note: (path: readonly PropertyKey[], message: string) => void,
): T[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) {
    note([key], "must be a list");
    return [];
  }
  if (given.length > MAX_ENTRIES) note([key, MAX_ENTRIES], `only the first ${MAX_ENTRIES} are used`);
  const values = new Map<string, T>();
  for (const [index, entry] of given.slice(0, MAX_ENTRIES).entries()) {
    const checked = check(entry, index);
    if ("problems" in checked) {
      for (const { path, message } of checked.problems) note([key, index, ...path], message);
    } else if (values.has(checked.value.name)) {
      note([key, index, "name"], `'${checked.value.name}' is taken; give each entry a name of its own`);
    } else values.set(checked.value.name, checked.value);
  }
  return [...values.values()];
}

/** The line of an entry, or of the nearest one around it that is there. */
function lineOf(file: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = file.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function toPath(path: readonly PropertyKey[]): string {
  return path.map((part, index) =>
    typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`
  ).join("");
}
