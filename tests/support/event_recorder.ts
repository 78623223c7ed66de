/**
 * A subscriber for tests of events.
 *
 * @module
 */

import type { BotEventHandlers, BotEvents } from "../../services/events/bot_events.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";

/** Records its calls, and fails on request. */
export class EventRecorder implements BotEventHandlers {
  /** Every change that was given, taken or not. */
  readonly given: BotChange[] = [];
  /** The changes that were taken. */
  readonly taken: BotChange[] = [];
  /** The malformed events. */
  readonly malformed: { readonly subject: string; readonly problem: string }[] = [];
  /** How often something may have been missed. */
  gaps = 0;
  /** How many changes are being applied right now, at most. */
  atOnce = 0;
  /** Applies a change: what it rejects with is passed on. */
  apply: (change: BotChange) => Promise<void> | void = () => {};
  readonly #watchers = new Set<() => void>();
  #current = 0;

  /** {@inheritDoc BotEventHandlers.onChange} */
  readonly onChange = async (change: BotChange): Promise<void> => {
    this.given.push(change);
    this.atOnce = Math.max(this.atOnce, ++this.#current);
    this.#notify();
    try {
      await this.apply(change);
      this.taken.push(change);
    } finally {
      this.#current--;
      this.#notify();
    }
  };

  /** {@inheritDoc BotEventHandlers.onMalformed} */
  readonly onMalformed = (subject: string, problem: string): void => {
    this.malformed.push({ subject, problem });
    this.#notify();
  };

  /** {@inheritDoc BotEventHandlers.onGap} */
  readonly onGap = (): void => {
    this.gaps++;
    this.#notify();
  };

  /** Ids of the changes that were taken, in order. */
  get ids(): string[] {
    return this.taken.map(({ id }) => id);
  }

  /**
   * Waits until a condition holds, which is checked at each call.
   *
   * @param what The awaited thing, for messages.
   * @param isSo Whether it is so.
   * @param limitMs How long to wait at most, in ms.
   */
  async until(what: string, isSo: () => boolean, limitMs: number = 30_000): Promise<void> {
    if (isSo()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watcher = () => isSo() && resolve();
    const timer = setTimeout(
      () => reject(new Error(`${what} did not happen within ${limitMs} ms: ${JSON.stringify(this.given)}`)),
      limitMs,
    );
    this.#watchers.add(watcher);
    try {
      await promise;
    } finally {
      this.#watchers.delete(watcher);
      clearTimeout(timer);
    }
  }

  /** Waits until this many changes were taken. @param count How many. */
  untilTaken(count: number): Promise<void> {
    return this.until(`change ${count}`, () => this.taken.length >= count);
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/**
 * Subscribes a new recorder and waits until events arrive.
 *
 * @param events The events.
 * @returns The recorder.
 */
export async function record(events: BotEvents): Promise<EventRecorder> {
  const recorder = new EventRecorder();
  events.subscribe(recorder);
  await recorder.until("the connection", () => recorder.gaps > 0);
  return recorder;
}
