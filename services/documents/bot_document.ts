/**
 * Parses a bot's document. The outside contract fixes its form, and other programs write it, so parsing is
 * tolerant: an invalid document is a value, not an exception.
 *
 * @module
 */

import { formatIssue, InvalidExecutableError } from "../../lib/errors.ts";
import { type Executable, type ExecutableInput, parseExecutable } from "../../lib/executable/executable.ts";
import { boundProblems, type LimitBounds } from "../../lib/runner/limit_bounds.ts";
import type { Calendars } from "../calendars/calendar.ts";
import { readBotCode } from "./bot_code.ts";
import { BERTH_KEY, settingNotes, type SplitConfig, splitConfig } from "./berth_settings.ts";
import { type BotSettings, readBotSettings } from "./bot_settings.ts";
import { configJson } from "./config_json.ts";
import { CONFIG_TEXT, writtenConfig } from "./config_text.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";
import { enabledNotes, isEnabled } from "./enabled.ts";
import { readInstant } from "./instant.ts";
import { pinnedImage } from "./pinned_image.ts";
import { defaultRestartMode } from "./restart_mode.ts";
import { checkSession } from "./session_settings.ts";
import { unreadableReason } from "./unreadable_document.ts";

/** A document that can be run. */
export interface ValidBotDocument {
  /** Discriminates the union. */
  readonly status: "valid";
  /** Id of the bot. */
  readonly id: string;
  /** Whether the bot should run. */
  readonly enabled: boolean;
  /** The program to run. */
  readonly executable: Executable;
  /** Segment of the bot; 0 if the document names none. */
  readonly segment: number;
  /** Settings of the bot. */
  readonly settings: BotSettings;
  /** `custom.updatedAt`, in ms since the epoch. */
  readonly updatedAt?: number;
  /** One line for each field that is wrong but does not keep the bot from running. */
  readonly notes: readonly string[];
}

/** A document that cannot be run. */
export interface InvalidBotDocument {
  /** Discriminates the union. */
  readonly status: "invalid";
  /** The document's id, or the name for reports. */
  readonly key: string;
  /** The problems in one line, each with its field. Shows none of the configuration's content. */
  readonly reason: string;
  /** `false` if the document clearly disables the bot, whatever else is wrong with it. */
  readonly enabled: boolean;
  /** Segment of the bot, if it can be read. */
  readonly segment?: number;
}

/** A parsed document. */
export type ParsedBotDocument = ValidBotDocument | InvalidBotDocument;

/** The bounds and calendars of the service, which a document must fit. */
export interface DocumentRules {
  /** The bounds of a bot's limits; a document that exceeds them is invalid. @default {anything} */
  readonly bounds?: LimitBounds;
  /** The trading calendars. @default {whether a calendar is known is not checked} */
  readonly calendars?: Calendars;
}

/** Options of {@linkcode parseBotDocument}. */
export interface ParseBotDocumentOptions extends DocumentRules {
  /** Name for reports if the document has no usable id. @default "(document without id)" */
  readonly key?: string;
}

/** Notes that are kept of a document. */
const MAX_NOTES = 20;
const DATES = ["createdAt", "updatedAt"] as const;
/** The document's names for the fields of an executable. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  entrypointFiles: "custom.config.entrypoints",
  filePath: "custom.filePath",
  image: "config.berth.image",
  command: "config.berth.command",
  runtime: "custom.config.runtime",
  version: "custom.version",
  segment: "segment_id",
};

/**
 * Parses a bot's document. Never throws.
 *
 * A bot is disabled if `config.enabled` is `false`, `"false"`, `0` or `"0"`, or top-level `enabled` is
 * `false`; anything else enables it. A missing runtime means `python3.11`, a missing segment 0. Dates may be
 * dates, ISO strings or numbers; numbers and invalid dates cause a note. The configuration may have up to 512
 * KiB as JSON: its dates become ISO strings, and integers beyond 2^53 (`bigint`) keep their digits. Values
 * that JSON cannot hold (NaN, infinity, binary data) make the document invalid. Requires only the script of
 * entrypoint `bot`.
 *
 * @param document The document, in plain values.
 * @param options See {@linkcode ParseBotDocumentOptions}.
 * @returns The parsed document, or what is wrong with it.
 */
export function parseBotDocument(
  document: unknown,
  options: ParseBotDocumentOptions = {},
): ParsedBotDocument {
  const fallback = { status: "invalid", key: options.key ?? "(document without id)", enabled: true } as const;
  try {
    if (!isObject(document)) {
      return { ...fallback, reason: `document: must be an object (is ${typeName(document)})` };
    }
    return parseFields(document, fallback, options);
  } catch (error) {
    // One strange document must not keep the others from being read.
    return {
      ...fallback,
      reason: `document: cannot be read (${error instanceof Error ? error.name : "error"})`,
    };
  }
}

function parseFields(
  document: Fields,
  fallback: Omit<InvalidBotDocument, "reason">,
  { bounds, calendars }: ParseBotDocumentOptions,
): ParsedBotDocument {
  const id = field(document, "id");
  const config = field(document, "config");
  const custom = field(document, "custom");
  const segment = field(document, "segment_id") ?? 0;
  const unreadable = unreadableReason(document);
  const base = {
    key: typeof id === "string" && id !== "" ? id : fallback.key,
    enabled: isEnabled(document),
    ...(isSegment(segment) && (unreadable === undefined || Object.hasOwn(document, "segment_id")) &&
      { segment }),
  };
  const invalid = (problems: readonly string[]): InvalidBotDocument => ({
    status: "invalid",
    ...base,
    reason: problems.join("; "),
  });
  if (unreadable !== undefined) return invalid([`document: ${unreadable}`]);

  const problems: string[] = [];
  const split = splitConfig(isObject(config) ? config : {});
  const settingProblems: string[] = [];
  const { settings, shape, notes } = readBotSettings(split.berth, settingProblems);
  const input: ExecutableInput = {
    id: idOf(id, problems),
    config: configOf(document, split, problems),
    segment: segmentOf(segment, problems),
    ...readBotCode(custom, problems),
    ...shape,
    ...pinnedImage(custom, shape.image),
    entrypoint: "bot",
    isLongRunning: true,
    persistResults: false,
  };
  problems.push(...settingProblems);
  const followed = settings.session && calendars && settingProblems.length === 0
    ? checkSession(settings.session, calendars)
    : undefined;
  problems.push(...followed?.problems ?? []);
  if (problems.length > 0) return invalid(problems);
  const executable = toExecutable(input);
  if (Array.isArray(executable)) return invalid(executable);
  const tooMuch = bounds ? boundProblems(executable, bounds) : [];
  if (tooMuch.length > 0) {
    return invalid(tooMuch.map(({ path, message }) => `config.${BERTH_KEY}.${path}: ${message}`));
  }

  const restart = settings.restart ?? defaultRestartMode(custom);
  const updatedAt = updatedAtOf(document);
  return {
    status: "valid",
    id: executable.id,
    enabled: base.enabled,
    executable,
    segment: executable.segment,
    settings: { ...settings, ...(restart !== undefined && { restart }) },
    ...(updatedAt !== undefined && { updatedAt }),
    notes: firstOf([
      ...DATES.flatMap((name) => noteOfDate(`custom.${name}`, field(custom as Fields, name))),
      ...enabledNotes(document),
      ...settingNotes(split),
      ...notes,
      ...followed?.notes ?? [],
    ]),
  };
}

/** Limits the notes: a document may repeat a mistake any number of times. */
function firstOf(notes: readonly string[]): readonly string[] {
  const more = notes.length - MAX_NOTES;
  return more > 0 ? [...notes.slice(0, MAX_NOTES), `and ${more} more notes like these`] : notes;
}

/**
 * Returns when a document was changed, according to its writer.
 *
 * @param document Any document.
 * @returns `custom.updatedAt` in ms since the epoch, or `undefined` if there is no readable date.
 */
export function updatedAtOf(document: Fields): number | undefined {
  const custom = field(document, "custom");
  return isObject(custom) ? readInstant(field(custom, "updatedAt")) : undefined;
}

function idOf(id: unknown, problems: string[]): string {
  if (typeof id === "string") return id;
  problems.push(`id: must be a string (is ${typeName(id)})`);
  return "";
}

/** Returns the bot's part of the configuration, as JSON. */
function configOf(document: Fields, { own, problem }: SplitConfig, problems: string[]): string {
  const config = field(document, "config");
  if (!isObject(config)) {
    problems.push(`config: must be an object (is ${typeName(config)})`);
    return "{}";
  }
  if (problem !== undefined) problems.push(problem);
  const json = configJson(own, "config", writtenConfig(field(document, CONFIG_TEXT), own));
  if ("text" in json) return json.text;
  problems.push(json.problem);
  return "{}";
}

function segmentOf(segment: unknown, problems: string[]): number {
  if (isSegment(segment)) return segment;
  problems.push(
    `segment_id: must be a whole number of 0 or more (is ${
      typeof segment === "number" ? segment : typeName(segment)
    })`,
  );
  return 0;
}

/** Returns the executable, or its problems with the document's names of the fields. */
function toExecutable(input: ExecutableInput): Executable | string[] {
  try {
    return parseExecutable(input);
  } catch (error) {
    if (!(error instanceof InvalidExecutableError)) throw error;
    return error.issues.map(({ path, message }) => {
      const [field = "", ...rest] = path.split(".");
      return formatIssue({ path: [FIELD_NAMES[field] ?? field, ...rest].join("."), message });
    });
  }
}

function noteOfDate(name: string, value: unknown): string[] {
  const ms = readInstant(value);
  if (value === undefined || value === null) return [];
  if (ms === undefined) return [`${name}: is no date that can be read and is ignored`];
  if (typeof value !== "number") return [];
  const date = new Date(ms);
  const read = Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
  return [`${name}: is a number and is read as ${read}`];
}

function isSegment(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
