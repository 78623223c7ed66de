/**
 * Keeps a wrong or half-empty database from stopping everything.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";

/** Fewer bots than these are not guarded. */
const FEWEST_GUARDED = 10;
/** A larger part of the bots than this is "everything". */
const LARGEST_PART = 0.5;
/** How many full reads in a row have to agree. */
const AGREEING_READS = 3;
/** How many ids a message names. */
const NAMED_IDS = 5;

/** Options of a {@linkcode MassStopGuard}. */
export interface MassStopGuardOptions {
  /** Whether vanished documents always stop their bots (`ALLOW_MASS_STOP`). @default {false} */
  readonly allowMassStop?: boolean;
  /** Of two reads that are closer together, in ms, the second does not count as agreeing. @default {0} */
  readonly apartMs?: number;
  /** Whether the document store was made a short time ago: perhaps it is the wrong one. @default {it was not} */
  readonly isNewStore?: () => boolean;
  /** Clock to go by. @default {the machine's} */
  readonly clock?: Clock;
}

/** What a full read found. */
export interface FullRead {
  /** Ids of the bots that have a container, in any phase. */
  readonly bots: Iterable<string>;
  /** Those of them whose container does not say which store it comes from. @default {none} */
  readonly unmarked?: Iterable<string>;
  /** Ids of all documents that were read, whatever they say: disabled, invalid and other segments' ones too. */
  readonly documents: Iterable<string>;
}

/** What follows from a full read. */
export interface GuardReview {
  /** Bots whose documents are gone and which are kept nevertheless. */
  readonly held: ReadonlySet<string>;
  /** Bots whose documents are gone and which may be stopped. */
  readonly released: ReadonlySet<string>;
  /** What to tell people while bots are held. */
  readonly message?: string;
}

/**
 * Decides whether a bot whose document is gone may be stopped. A deletion that was said, by an event or a call,
 * always may. One that is only seen has to wait for the next full read; and if more than half of ten or more
 * bots vanish at once, or any bot where the store is empty or new, for three full reads in a row that agree. Where the
 * store is empty, a bot whose container does not say that it comes from there is never stopped.
 *
 * Whoever finds no document asks {@linkcode whyHeld}: so nothing else that wakes a bot gets past the guard.
 */
export class MassStopGuard {
  readonly #allowMassStop: boolean;
  readonly #apartMs: number;
  readonly #isNewStore: () => boolean;
  readonly #clock: Clock;
  readonly #said = new Set<string>();
  #held = new Set<string>();
  #released = new Set<string>();
  #agreeing = 0;
  #agreedAt = 0;

  /**
   * Makes one. Before the first full read nothing is released.
   *
   * @param options See {@linkcode MassStopGuardOptions}.
   */
  constructor(options: MassStopGuardOptions = {}) {
    const { allowMassStop = false, apartMs = 0, isNewStore = () => false, clock = systemClock } = options;
    this.#allowMassStop = allowMassStop;
    this.#isNewStore = isNewStore;
    this.#apartMs = apartMs;
    this.#clock = clock;
  }

  /**
   * Somebody said that this bot is deleted.
   *
   * @param id Id of the bot.
   */
  sayDeleted(id: string): void {
    this.#said.add(id);
  }

  /**
   * What was said of this bot is over: its container is gone, or somebody said that it is there again.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    this.#said.delete(id);
    this.#released.delete(id);
  }

  /**
   * Why a bot without a document must not be stopped yet.
   *
   * @param id Id of the bot.
   * @returns The reason, or `undefined` when it may be stopped.
   */
  whyHeld(id: string): string | undefined {
    if (this.#allowMassStop || this.#said.has(id) || this.#released.has(id)) return undefined;
    if (!this.#held.has(id)) {
      return "its document is gone; it is kept until a full read of the documents confirms that";
    }
    const others = this.#held.size - 1;
    const together = others === 0
      ? ""
      : ` together with those of ${others} other ${others === 1 ? "bot" : "bots"}`;
    return `its document vanished${together}; ` +
      (this.#agreeing >= AGREEING_READS
        ? "the document store is empty, and the container does not say that it comes from there"
        : `it is kept until ${AGREEING_READS} full reads in a row agree (${this.#agreeing} so far)`);
  }

  /**
   * Looks at a full read. A read that failed must not come here: no answer is not an empty answer.
   *
   * @param read What was found.
   * @returns What follows; a bot that was held before and is no longer is in `released`, or has its document again.
   */
  review(read: FullRead): GuardReview {
    const bots = new Set(read.bots);
    const documents = new Set(read.documents);
    const gone = bots.difference(documents);
    const unsaid = gone.difference(this.#said);
    this.#released = this.#released.intersection(unsaid);
    const vanished = unsaid.difference(this.#released);

    // Once begun, a hold ends by agreement or by the documents' return, not by there being fewer bots.
    const isEmpty = documents.size === 0;
    const isMost = bots.size >= FEWEST_GUARDED && vanished.size > bots.size * LARGEST_PART;
    const isMass = isMost || isEmpty || this.#isNewStore();
    if (vanished.size > 0 && !this.#allowMassStop && (isMass || this.#held.size > 0)) {
      // What was said to be deleted, and a container that is gone, say nothing about the documents.
      const before = this.#held.difference(this.#said).intersection(bots);
      this.#count(isSameSet(before, vanished));
      if (this.#agreeing < AGREEING_READS) return this.#hold(vanished, bots.size);
      const strange = isEmpty ? vanished.intersection(new Set(read.unmarked)) : new Set<string>();
      if (strange.size > 0) {
        this.#released = unsaid.difference(strange);
        return this.#hold(strange, bots.size);
      }
    }
    this.#held = new Set();
    this.#agreeing = 0;
    this.#released = unsaid;
    return { held: this.#held, released: gone };
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
      : "The document store is empty, and nothing says that they come from it.";
    return {
      held: new Set(vanished),
      released: new Set(this.#released),
      message:
        `The documents of ${vanished.size} of ${bots} bots are gone (${nameSome(vanished)}), and nobody ` +
        `said that they are deleted: their containers are kept. ${end} If this is meant, set ` +
        "ALLOW_MASS_STOP=1 to stop them at once; if not, check that Berth reads the right database.",
    };
  }
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

function nameSome(ids: ReadonlySet<string>): string {
  const some = [...ids].sort().slice(0, NAMED_IDS).join(", ");
  return ids.size > NAMED_IDS ? `${some}, …` : some;
}
