/**
 * The memory of guards over a restart of Berth: peaks, and how far they have read.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { type GuardRule, readGuardRule } from "../documents/guard_settings.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";

/** The memory of one guard. */
export interface GuardRemembers {
  /** The rule. */
  readonly rule: GuardRule;
  /** The highest number, for drawdowns. */
  readonly peak?: number;
  /** Since when the value is beyond its limit, in ms since the epoch. */
  readonly beyondAt?: number;
  /** Why it has alerted people, who are notified of the end, too. Not set for stops, which latches hold. */
  readonly alerted?: "limit" | "missing";
}

/** The memory of the guards of one bot. */
export interface BotRemembers {
  /** Time of the last line that they have seen, as the engine writes it; absent if they have seen none. */
  readonly cursor?: string;
  /** Bots whose sum has the peak, for a guard over several. */
  readonly members?: string;
  /** The last number of each bot, for a guard over several. */
  readonly values?: Readonly<Record<string, number>>;
  /** Each guard. */
  readonly guards: readonly GuardRemembers[];
}

/** Takes a snapshot of the memory. */
type Snapshot = () => BotRemembers;

interface Dirty {
  readonly snapshot: Snapshot;
  isUrgent: boolean;
}

const COLLECTION = "guards";
/** How soon a new peak is stored, in ms. */
const URGENT_MS = 5_000;
/** How soon anything else is, in ms: the lines since then are read again. */
const LAZY_MS = 30_000;

/** Keeps what guards remember. Nothing is written while nothing changes. */
export class GuardMemory {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #known = new Map<string, BotRemembers>();
  readonly #dirty = new Map<string, Dirty>();
  readonly #writtenAt = new Map<string, number>();
  readonly #turns = new KeyedMutex();
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "guards"]);

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * Reads what all guards remember.
   *
   * @param signal Cancels the call.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async load(signal: AbortSignal): Promise<void> {
    for (const { id, value } of await allRecords(this.#records, COLLECTION, { signal })) {
      if (!this.#known.has(id)) this.#known.set(id, fromRecord(value));
    }
  }

  /** Gives what the guards of a bot remember. @param bot Id of the bot. */
  of(bot: string): BotRemembers | undefined {
    return this.#dirty.get(bot)?.snapshot() ?? this.#known.get(bot);
  }

  /**
   * Records that the memory of a bot's guards has changed.
   *
   * @param bot Id of the bot.
   * @param snapshot Makes what they remember.
   * @param isUrgent Whether it cannot be found again in the lines of a container that has been replaced.
   */
  changed(bot: string, snapshot: Snapshot, isUrgent: boolean): void {
    const before = this.#dirty.get(bot);
    if (before?.snapshot === snapshot) before.isUrgent ||= isUrgent;
    else this.#dirty.set(bot, { snapshot, isUrgent: isUrgent || (before?.isUrgent ?? false) });
    if (!this.#closing.signal.aborted) this.#writing ??= this.#writeLater();
  }

  /** Forgets a bot that was disabled or removed. @param bot Id of the bot. */
  forget(bot: string): void {
    this.#dirty.delete(bot);
    this.#writtenAt.delete(bot);
    if (!this.#known.delete(bot)) return;
    void this.#turns.run(bot, async () => void await this.#records.delete(COLLECTION, bot)).catch((problem) =>
      this.#complain(bot, problem)
    );
  }

  /**
   * Lets a guard that does not look after its bot now begin anew.
   *
   * @param bot Id of the bot.
   * @param name Name of the guard.
   */
  forgetGuard(bot: string, name: string): void {
    const known = this.of(bot);
    if (!known) return;
    const rest = { ...known, guards: known.guards.filter(({ rule }) => rule.name !== name) };
    this.changed(bot, () => rest, true);
  }

  /** Stores what a bot's guards remember now. Never rejects. @param bot Id of the bot. */
  async flush(bot: string): Promise<void> {
    const dirty = this.#dirty.get(bot);
    if (!dirty) return;
    this.#dirty.delete(bot);
    const remembers = dirty.snapshot();
    this.#known.set(bot, remembers);
    this.#writtenAt.set(bot, this.#clock.monotonic());
    try {
      await this.#turns.run(bot, () => this.#write(bot, remembers));
    } catch (problem) {
      this.#complain(bot, problem);
      if (!this.#dirty.has(bot) && this.#known.has(bot)) this.#dirty.set(bot, dirty);
    }
  }

  /** Stores all that is not stored yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    await Promise.all([...this.#dirty.keys()].map((bot) => this.flush(bot)));
  }

  async #writeLater(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#dirty.size > 0 && !signal.aborted) {
      await this.#clock.sleep(URGENT_MS, signal).catch(() => {});
      if (signal.aborted) break;
      const now = this.#clock.monotonic();
      const due = [...this.#dirty].filter(([bot, { isUrgent }]) =>
        isUrgent || now - (this.#writtenAt.get(bot) ?? -Infinity) >= LAZY_MS
      );
      for (const [bot] of due) await this.flush(bot);
    }
    this.#writing = undefined;
  }

  async #write(bot: string, remembers: BotRemembers): Promise<void> {
    const value = JSON.parse(JSON.stringify(remembers));
    while (true) {
      const before = await this.#records.get(COLLECTION, bot);
      const isWritten = before
        ? await this.#records.replace(COLLECTION, bot, before.revision, value)
        : await this.#records.insert(COLLECTION, bot, value);
      if (isWritten) return;
    }
  }

  #complain(id: string, problem: unknown): void {
    this.#log.warn("what guards remember is not stored", { id, problem: messageOf(problem) });
  }
}

function fromRecord(value: Readonly<Record<string, unknown>>): BotRemembers {
  const { cursor, members, values, guards } = value;
  const found = Array.isArray(guards) ? guards.filter(isObject) : [];
  return {
    ...(typeof cursor === "string" && { cursor }),
    ...(typeof members === "string" && { members }),
    ...(isObject(values) && {
      values: Object.fromEntries(
        Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
      ),
    }),
    guards: found.flatMap((one) => {
      const rule = ruleFrom(field(one, "rule"));
      const { peak, beyondAt, alerted } = one;
      if (!rule) return [];
      return [{
        rule,
        ...(typeof peak === "number" && { peak }),
        ...(typeof beyondAt === "number" && { beyondAt }),
        ...((alerted === "limit" || alerted === "missing") && { alerted }),
      }];
    }),
  };
}

/** Another version of Berth may have written it. */
function ruleFrom(value: unknown): GuardRule | undefined {
  if (!isObject(value)) return undefined;
  const { forSeconds, onMissing, ...rest } = value;
  const { afterSeconds, action } = isObject(onMissing) ? onMissing : {};
  return readGuardRule({
    ...rest,
    for_seconds: forSeconds,
    ...(isObject(onMissing) && { on_missing: { after_seconds: afterSeconds, action } }),
  }, () => {});
}
