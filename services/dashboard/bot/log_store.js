/** The log of one bot: followed live, read backwards without end, or read from a time on. */

import { signal } from "@preact/signals";
import { botPath, request } from "../store/api.js";
import { parseLine, readEvents, readObjects } from "../store/read_stream.js";
import { untilSilent } from "../store/silence.js";
import { untilWatched } from "../store/watching.js";

/** Lines that are kept while following; earlier ones can be read again. */
const MAX_LIVE = 10_000;
/** Lines that are kept while somebody reads backwards. */
const MAX_READ = 50_000;
/** Lines that wait while the log is paused; beyond, they are read again afterwards. */
const MAX_WAITING = 5000;
const FIRST = 500;
const PAGE = 1000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const SHOW_MS = 100;

export class LogStore {
  /** The lines, the oldest first. The list changes in place; `version` says when. */
  lines = [];
  /** Changes when the lines do. */
  version = signal(0);
  /** Total number of lines that were prepended. */
  prepended = 0;
  /** `live`, `connecting`, `paused`, or `reading` (from a time on). */
  mode = signal("connecting");
  /** Whether the first line of the log is there. */
  isBeginning = signal(false);
  /** Lines that came while it was paused. */
  waiting = signal(0);
  /** Why newer lines cannot be read. */
  problem = signal(undefined);
  /** Whether earlier or later lines are being read. */
  isReading = signal(false);
  #id;
  #filter = {};
  #following = new AbortController();
  #reading = new AbortController();
  #cursor;
  #held = [];
  #timer;
  #isClosed = false;

  constructor(id) {
    this.#id = id;
  }

  /** Follows the log. @param filter `{ q }` or `{ regex }`; absent for all lines. */
  follow(filter = this.#filter) {
    if (this.#isClosed) return;
    this.#reset(filter);
    this.mode.value = "connecting";
    this.#followUntilAborted(this.#following.signal);
  }

  /** Reads from a time on. @param since RFC 3339. */
  async readFrom(since) {
    if (this.#isClosed) return;
    this.#reset({});
    this.mode.value = "reading";
    this.isBeginning.value = false;
    await this.later(since);
  }

  /** Pauses: lines that come are counted, and shown later. */
  pause() {
    if (this.mode.value !== "reading") this.mode.value = "paused";
  }

  /** Goes on after a pause, or after reading. */
  resume() {
    if (this.mode.value !== "paused" || this.waiting.value > MAX_WAITING) return this.follow();
    this.mode.value = "live";
    this.#add(this.#held.splice(0));
    this.waiting.value = 0;
  }

  /** Reads a page of earlier lines. */
  async earlier() {
    const [first] = this.lines;
    if (this.isBeginning.value || this.isReading.value || (!first && this.mode.value === "connecting")) {
      return;
    }
    // Many lines may have the same time: those that are there are read again, and dropped.
    const until = first && after(first.time);
    const again = first ? countWhile(this.lines, ({ time }) => time < until) : 0;
    const query = { ...this.#filter, tail: PAGE + again, ...(until && { until }) };
    await this.#read(query, (found) => {
      found.length = Math.max(0, found.length - again);
      if (found.length === 0) this.isBeginning.value = true;
      this.lines.unshift(...found);
      this.prepended += found.length;
      if (this.lines.length > MAX_READ) {
        // Lines that are cut off at the end are not live any more.
        this.lines.length = MAX_READ;
        this.#following.abort();
        this.mode.value = "reading";
      }
    });
  }

  /** Reads a page of later lines, while it does not follow. @param time Where to begin. */
  async later(time = this.lines.at(-1)?.time) {
    if (this.isReading.value || this.mode.value !== "reading" || time === undefined) return;
    const since = new Date(Date.parse(time)).toISOString();
    const again = countWhile(this.lines.toReversed(), (line) => line.time >= since.replace("Z", ""));
    await this.#read({ ...this.#filter, since }, (found) => {
      const newer = found.slice(again);
      this.lines.push(...newer);
      // Nothing newer is stored: from here on it is live.
      if (newer.length === 0) this.resume();
    }, PAGE + again);
  }

  /** Ends everything; nothing begins afterwards. */
  close() {
    this.#isClosed = true;
    this.#end();
  }

  #end() {
    this.#following.abort();
    this.#reading.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #reset(filter) {
    this.#end();
    this.#following = new AbortController();
    this.#reading = new AbortController();
    this.#filter = filter;
    this.#cursor = undefined;
    this.#held = [];
    this.lines = [];
    this.waiting.value = 0;
    this.isBeginning.value = false;
    this.isReading.value = false;
    this.problem.value = undefined;
    this.version.value++;
  }

  async #read(query, use, atMost = Infinity) {
    const { signal } = this.#reading;
    this.isReading.value = true;
    try {
      const response = await request(botPath(this.#id, "/logs"), { query, signal });
      const found = [];
      for await (const lines of readObjects(response)) {
        for (const line of lines) {
          if (line.text !== undefined) found.push(line);
          else if (line.problem) this.problem.value = line.problem.detail;
        }
        if (found.length >= atMost) break;
      }
      if (signal.aborted) return;
      use(found);
      this.version.value++;
    } catch (error) {
      if (!signal.aborted) this.problem.value = error.message;
    } finally {
      if (!signal.aborted) this.isReading.value = false;
    }
  }

  async #followUntilAborted(signal) {
    for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const watched = await untilWatched();
      if (signal.aborted) return;
      try {
        await untilSilent(async (silent, heard) => {
          const response = await request(botPath(this.#id, "/logs/follow"), {
            // Continues after the last line, without a gap or a repeat.
            query: { ...this.#filter, ...(this.#cursor === undefined && { tail: FIRST }) },
            headers: this.#cursor === undefined ? {} : { "last-event-id": this.#cursor },
            signal: AbortSignal.any([signal, watched, silent]),
          });
          for await (const events of readEvents(response, heard)) {
            waitMs = FIRST_WAIT_MS;
            this.#onEvents(events);
          }
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.problem.value = error.message;
          return;
        }
      }
      if (!watched.aborted) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  #onEvents(events) {
    const lines = [];
    for (const { type, id, data } of events) {
      if (type === "message") {
        this.#cursor = id;
        lines.push(parseLine(data));
      } else if (type === "problem") this.problem.value = JSON.parse(data).detail;
      else if (type === "live") {
        this.problem.value = undefined;
        if (this.mode.value === "connecting") this.mode.value = "live";
      }
    }
    if (lines.length > 0) this.problem.value = undefined;
    if (this.mode.value !== "paused") return this.#add(lines);
    this.waiting.value += lines.length;
    if (this.waiting.value <= MAX_WAITING) this.#held.push(...lines);
    else {
      // Nobody looks: the service need not send what is thrown away.
      this.#held = [];
      this.#following.abort();
    }
  }

  /** Adds lines, and shows them at most ten times a second: thousands may come in that time. */
  #add(lines) {
    if (lines.length === 0) return;
    for (const line of lines) this.lines.push(line);
    if (this.lines.length > 1.2 * MAX_LIVE) {
      this.lines.splice(0, this.lines.length - MAX_LIVE);
      this.isBeginning.value = false;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.version.value++;
    }, SHOW_MS);
  }
}

/** The millisecond after a time: the API reads no smaller parts. */
const after = (time) => new Date(Date.parse(time) + 1).toISOString();

/** Counts the first items that meet a condition. */
function countWhile(items, isSo) {
  const at = items.findIndex((item) => !isSo(item));
  return at < 0 ? items.length : at;
}
