/**
 * Finds calendars by name: those that Berth ships, and an operator's own files.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { messageOf } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/util/did_you_mean.ts";
import type { Calendar, CalendarProblem, Calendars } from "./calendar.ts";
import { readCalendar } from "./read_calendar.ts";
import { SHIPPED_CALENDARS } from "./shipped_calendars.ts";

/** Name of the folder in DATA_DIR. */
export const CALENDARS_FOLDER = "calendars";
/** A changed file of an operator counts after this time at the latest, in ms. */
const FRESH_MS = 1000;
const MAX_FILE_BYTES = 1024 * 1024;
/** Names of own calendars, which are names of files as well. */
const OWN_NAME = /^[A-Za-z0-9][A-Za-z0-9_]{0,31}$/;

/** A calendar that was looked up before. */
interface Entry {
  /** The calendar, or why there is none; absent if there is no file. */
  readonly own?: Calendar | CalendarProblem;
  /** State of the file when it was read. */
  readonly file: string;
  /** When the file was last looked at, in ms since the epoch. */
  lookedAt: number;
}

/** Reads a calendar when it is first asked for. A name that nobody asks for costs nothing. */
export class CalendarBook implements Calendars {
  readonly #folder: string | undefined;
  readonly #nowMs: () => number;
  readonly #shipped = new Map<string, Calendar | CalendarProblem>();
  readonly #own = new Map<string, Entry>();
  #folderState = "";

  /**
   * @param folder Folder of the own files, which need not be there; absent if there are none.
   * @param nowMs Returns the current time in ms since the epoch.
   */
  constructor(folder?: string, nowMs: () => number = Date.now) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  /** {@inheritDoc Calendars.get} */
  get(name: string): Calendar | CalendarProblem {
    return this.#readOwn(name) ?? this.#readShipped(name) ?? this.#unknown(name);
  }

  /** {@inheritDoc Calendars.now} */
  now(): number {
    return Math.floor(this.#nowMs() / 1000);
  }

  /** Tells whether a file of the folder has come, gone or changed since this was asked the last time. */
  hasChanged(): boolean {
    const before = this.#folderState;
    this.#folderState = this.#ownNames().sort().map((name) => `${name} ${stateOf(this.#pathOf(name))}`)
      .join("\n");
    return this.#folderState !== before;
  }

  #readShipped(name: string): Calendar | CalendarProblem | undefined {
    if (!Object.hasOwn(SHIPPED_CALENDARS, name)) return undefined;
    const known = this.#shipped.get(name) ?? readCalendar(SHIPPED_CALENDARS[name]!, name);
    this.#shipped.set(name, known);
    return known;
  }

  #readOwn(name: string): Calendar | CalendarProblem | undefined {
    if (this.#folder === undefined || !(OWN_NAME.test(name) || Object.hasOwn(SHIPPED_CALENDARS, name))) {
      return undefined;
    }
    const path = this.#pathOf(name);
    const before = this.#own.get(name);
    const now = this.#nowMs();
    if (before && Math.abs(now - before.lookedAt) < FRESH_MS) return before.own;
    const file = stateOf(path);
    if (before?.file === file) {
      before.lookedAt = now;
      return before.own;
    }
    const own = file === "" ? undefined : this.#readFile(path, name);
    // A name from a document that is not there is not worth remembering.
    if (own || Object.hasOwn(SHIPPED_CALENDARS, name)) {
      this.#own.set(name, { ...(own && { own }), file, lookedAt: now });
    } else this.#own.delete(name);
    return own;
  }

  #readFile(path: string, name: string): Calendar | CalendarProblem {
    const read = () => {
      try {
        const { isFile, size } = Deno.statSync(path);
        if (!isFile) return { problem: "must be a regular file" };
        if (size > MAX_FILE_BYTES) return { problem: "must not be larger than 1 MiB" };
        const extended = (base: string) =>
          this.#readShipped(base) ?? { problem: `"${base}" is no calendar that Berth ships` };
        return readCalendar(Deno.readTextFileSync(path), name, extended);
      } catch (error) {
        return { problem: `cannot be read: ${messageOf(error)}` };
      }
    };
    const calendar = read();
    return "problem" in calendar ? { problem: `${path}: ${calendar.problem}` } : calendar;
  }

  #unknown(name: string): CalendarProblem {
    const known = [...new Set([...Object.keys(SHIPPED_CALENDARS), ...this.#ownNames()])].sort();
    const meant = didYouMean(name, known);
    const shown = JSON.stringify(name.slice(0, 60));
    const own = this.#folder === undefined ? "" : `; own ones are files in ${this.#folder}`;
    return {
      problem: `the calendar ${shown} is not known${meant ? `; did you mean ${meant}?` : ""}${
        meant ? " Known" : "; known"
      } are ${known.join(", ")}${own}`,
    };
  }

  /** The file of `24/7` is `24-7.json`. */
  #pathOf(name: string): string {
    return `${this.#folder}/${name.replace("/", "-")}.json`;
  }

  #ownNames(): string[] {
    try {
      const names = [...Deno.readDirSync(this.#folder ?? "")].map(({ name }) => name);
      return names.filter((name) => name.endsWith(".json")).flatMap((name) => {
        const stem = name.slice(0, -".json".length);
        if (OWN_NAME.test(stem)) return stem;
        const shipped = stem.replace("-", "/");
        return Object.hasOwn(SHIPPED_CALENDARS, shipped) ? shipped : [];
      });
    } catch {
      return [];
    }
  }
}

/** Returns what changes with a file; empty if there is none. Its times do not tell two changes within one tick apart. */
function stateOf(path: string): string {
  try {
    const { isFile, size } = Deno.statSync(path);
    // Opening a FIFO would wait for its writer.
    if (!isFile || size > MAX_FILE_BYTES) return `${isFile} ${size}`;
    return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "" : messageOf(error);
  }
}

/** The calendars that Berth ships, for programs without an operator. */
export const shippedCalendars: Calendars = new CalendarBook();
