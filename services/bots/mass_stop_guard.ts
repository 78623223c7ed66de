/**
 * Keeps a wrong or half-empty database from stopping all bots.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { BotTable } from "./bot_table.ts";

/** The guard watches for mass stops if there are at least this many bots. */
const MIN_GUARDED_BOTS = 10;
/** A stop of more than this share of the bots is a mass stop. */
const MAX_SHARE = 0.5;
/** How many full reads in a row have to agree. */
const AGREEING_READS = 3;
/** How many ids a message names. */
const MAX_NAMED_IDS = 5;

/** Options of a {@linkcode MassStopGuard}. */
export interface MassStopGuardOptions {
  /** The bots. @default {a table of its own} */
  readonly bots?: BotTable;
  /** Whether a missing document always stops its bot (`ALLOW_MASS_STOP`). @default false */
  readonly allowMassStop?: boolean;
  /** Shortest time between two reads after which the second one confirms the first, in ms. @default {0} */
  readonly apartMs?: number;
  /** Whether the document store was created recently, and so may be the wrong one. @default {it was not} */
  readonly isNewStore?: () => boolean;
  /** The clock. @default {the machine's} */
  readonly clock?: Clock;
}

/** The ids that a full read found. */
export interface FullRead {
  /** Ids of the bots that have a container, in any phase. */
  readonly bots: Iterable<string>;
  /** Ids of those bots whose container does not name the store it comes from. @default {none} */
  readonly unmarked?: Iterable<string>;
  /** Ids of all documents, including disabled and invalid ones and those of other segments. */
  readonly documents: Iterable<string>;
}

/** Which bots a full read holds, and which it releases. */
export interface GuardReview {
  /** Bots whose documents are gone and which are kept for now. */
  readonly held: ReadonlySet<string>;
  /** Bots whose documents are gone and which may be stopped. */
  readonly released: ReadonlySet<string>;
  /** A message for operators while bots are held. */
  readonly message?: string;
}

/**
 * Decides whether a bot whose document is gone may be stopped:
 *
 * - at once if an event or a call reported the deletion;
 * - otherwise after a full read has confirmed it;
 * - after three full reads in a row that agree, if more than half of ten or more bots vanish together, or if the store
 *   is empty or new;
 * - never if the store is empty and the bot's container does not name it as its store.
 *
 * A pass that finds no document asks {@linkcode whyHeld}, so no wake-up gets past the guard.
 */
export class MassStopGuard {
  readonly #allowMassStop: boolean;
  readonly #apartMs: number;
  readonly #isNewStore: () => boolean;
  readonly #clock: Clock;
  readonly #bots: BotTable;
  /** Bots that the last full read holds. A hold is one of all of them together. */
  #held: ReadonlySet<string> = new Set();
  #agreeing = 0;
  #agreedAt = 0;

  /** @param options See {@linkcode MassStopGuardOptions}. */
  constructor(options: MassStopGuardOptions = {}) {
    const { allowMassStop = false, apartMs = 0, isNewStore = () => false, clock = systemClock } = options;
    this.#bots = options.bots ?? new BotTable();
    this.#allowMassStop = allowMassStop;
    this.#isNewStore = isNewStore;
    this.#apartMs = apartMs;
    this.#clock = clock;
  }

  /**
   * Records that an event or a call deleted a bot.
   *
   * @param id Id of the bot.
   */
  reportDeleted(id: string): void {
    this.#bots.update(id, { deletion: "reported" });
  }

  /**
   * Records that an event or a call wrote the document of a bot.
   *
   * @param id Id of the bot.
   */
  reportWritten(id: string): void {
    this.#bots.clear(id, "deletion");
  }

  /**
   * Explains why a bot without a document must not be stopped yet.
   *
   * @param id Id of the bot.
   * @returns The reason; `undefined` if it may be stopped.
   */
  whyHeld(id: string): string | undefined {
    if (this.#allowMassStop || this.#bots.get(id)?.deletion !== undefined) return undefined;
    if (!this.#held.has(id)) {
      return "its document is gone; the bot is kept until a full read of the documents confirms that";
    }
    const others = this.#held.size - 1;
    const together = others === 0
      ? ""
      : ` together with those of ${others} other ${others === 1 ? "bot" : "bots"}`;
    return `its document vanished${together}; ` +
      (this.#agreeing >= AGREEING_READS
        ? "the document store is empty, and the container does not say that it comes from there"
        : `the bot is kept until ${AGREEING_READS} full reads in a row agree (${this.#agreeing} so far)`);
  }

  /**
   * Reviews a full read. Do not pass a read that failed: no answer is not an empty answer.
   *
   * @param read The ids that the read found.
   * @returns The bots to hold and those to release. A bot that is no longer held is released or has a document again.
   */
  review(read: FullRead): GuardReview {
    const bots = new Set(read.bots);
    const documents = new Set(read.documents);
    const gone = bots.difference(documents);
    const reported = this.#idsOf("reported");
    const unreported = gone.difference(reported);
    const confirmed = this.#idsOf("confirmed").intersection(unreported);
    this.#confirm(confirmed);
    const vanished = unreported.difference(confirmed);

    // A hold ends by agreement or by the documents' return, not because fewer bots are left.
    const isEmpty = documents.size === 0;
    const isMost = bots.size >= MIN_GUARDED_BOTS && vanished.size > bots.size * MAX_SHARE;
    const isMass = isMost || isEmpty || this.#isNewStore();
    if (vanished.size > 0 && !this.#allowMassStop && (isMass || this.#held.size > 0)) {
      // Reported deletions and containers that are gone do not count against agreement.
      const before = this.#held.difference(reported).intersection(bots);
      this.#count(isSameSet(before, vanished));
      if (this.#agreeing < AGREEING_READS) return this.#hold(vanished, bots.size);
      const strange = isEmpty ? vanished.intersection(new Set(read.unmarked)) : new Set<string>();
      if (strange.size > 0) {
        this.#confirm(unreported.difference(strange));
        return this.#hold(strange, bots.size);
      }
    }
    this.#held = new Set();
    this.#agreeing = 0;
    this.#confirm(unreported);
    return { held: this.#held, released: gone };
  }

  #idsOf(deletion: "reported" | "confirmed"): Set<string> {
    const entries = [...this.#bots.entries()];
    return new Set(entries.flatMap(([id, entry]) => entry.deletion === deletion ? id : []));
  }

  /** Makes these, and no others, the bots whose deletion is confirmed. */
  #confirm(ids: ReadonlySet<string>): void {
    for (const id of this.#idsOf("confirmed")) if (!ids.has(id)) this.#bots.clear(id, "deletion");
    for (const id of ids) this.#bots.update(id, { deletion: "confirmed" });
  }

  #count(agrees: boolean): void {
    const now = this.#clock.monotonic();
    if (agrees && now - this.#agreedAt < this.#apartMs) return;
    this.#agreeing = agrees ? this.#agreeing + 1 : 1;
    this.#agreedAt = now;
  }

  #hold(vanished: Set<string>, bots: number): GuardReview {
    this.#held = vanished;
    const missing = AGREEING_READS - this.#agreeing;
    const end = missing > 0
      ? `If ${missing} more full ${missing === 1 ? "read agrees" : "reads in a row agree"}, they are stopped.`
      : "The document store is empty, and nothing says that the containers come from it.";
    return {
      held: new Set(vanished),
      released: this.#idsOf("confirmed"),
      message:
        `The documents of ${vanished.size} of ${bots} bots are gone (${nameSome(vanished)}), and no event ` +
        `reported their deletion: their containers are kept. ${end} If the deletion is intended, set ` +
        "ALLOW_MASS_STOP=1 to stop them at once; if not, check that Berth reads the right database.",
    };
  }
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

function nameSome(ids: ReadonlySet<string>): string {
  const some = [...ids].sort().slice(0, MAX_NAMED_IDS).join(", ");
  return ids.size > MAX_NAMED_IDS ? `${some}, …` : some;
}
