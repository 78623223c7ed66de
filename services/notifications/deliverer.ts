/**
 * Delivers what is in the outbox, channel by channel.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { SendMessage } from "./channel_sender.ts";
import type { Channel } from "./channel_schema.ts";
import type { ChannelsFile } from "./channels_file.ts";
import type { Sent } from "./send_http.ts";
import { toMessage } from "./message.ts";
import { nextBatch, paceOf, type SentMessage, subjectOf } from "./next_batch.ts";
import type { Delivery, Outbox } from "./outbox.ts";

/** Dependencies of {@linkcode Deliverer}. */
export interface DelivererOptions {
  /** The events to deliver. */
  readonly outbox: Outbox;
  /** The channels. */
  readonly file: Pick<ChannelsFile, "known" | "onChange">;
  /** Sends. */
  readonly send: SendMessage;
  /** The clock. */
  readonly clock: Clock;
  /** Called with each try. @default nothing */
  readonly onTry?: (channel: Channel, sent: Sent) => void;
  /** Called with the name of a channel for each event that is given up. @default nothing */
  readonly onGiveUp?: (channel: string) => void;
}

/** How long a delivery is tried, in ms. */
const GIVE_UP_MS = 24 * 3_600_000;
/** How long a request under way may go on at the end, in ms. */
const DRAIN_MS = 3_000;
/** Longest sleep of a channel's loop, in ms. */
const LONGEST_SLEEP_MS = 10 * 60_000;

/** How many deliveries of a digest are noted at the same time. */
const NOTED_TOGETHER = 20;

/** The state of a channel. */
interface Line {
  readonly wakeup: Wakeup;
  /** The messages that this process sent to it within the cool-down. */
  sent: SentMessage[];
  /** Failed tries in a row of a receiver that is down. */
  failures: number;
  /** When the receiver is tried again, in ms since the epoch. */
  downUntil: number;
  done: Promise<void>;
}

/** Delivers each event once to each channel, in order. Channels do not wait for each other. */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #lines = new Map<string, Line>();
  readonly #new = new Wakeup();
  /** Why the last try of a channel failed. */
  readonly #problems = new Map<string, string>();
  /** Deliveries that were sent, but are not recorded in the database yet. */
  readonly #unnoted = new Map<Line, readonly Delivery[]>();
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode DelivererOptions}. */
  constructor(options: DelivererOptions) {
    this.#options = options;
    options.file.onChange(() => this.#retryAll());
  }

  /** Says that the outbox has something new. */
  wake(): void {
    this.#new.wake();
    for (const { wakeup } of this.#lines.values()) wakeup.wake();
  }

  /**
   * Why the last try of a channel failed.
   *
   * @param channel Name of the channel.
   * @returns `undefined` if it did not.
   */
  problemOf(channel: string): string | undefined {
    return this.#problems.get(channel);
  }

  /**
   * Delivers until the signal is aborted. A delivery that is under way then has some seconds to end; the next process
   * tries again.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { outbox, clock } = this.#options;
    // A request that is broken off may have arrived, and would arrive again.
    const sending = new AbortController();
    while (!signal.aborted) {
      for (const name of outbox.channels()) {
        if (this.#lines.has(name)) continue;
        const line: Line = {
          wakeup: new Wakeup(),
          sent: [],
          failures: 0,
          downUntil: 0,
          done: Promise.resolve(),
        };
        this.#lines.set(name, line);
        line.done = this.#deliverAll(name, line, signal, sending.signal);
      }
      await this.#new.sleep({ clock, signal });
    }
    const ended = Promise.all([...this.#lines.values()].map(({ done }) => done));
    await settledWithin(ended, DRAIN_MS, clock);
    sending.abort(signal.reason);
    await ended;
    this.#lines.clear();
  }

  async #deliverAll(name: string, line: Line, signal: AbortSignal, sending: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      try {
        const waitMs = await this.#step(name, line, sending);
        failures = 0;
        if (waitMs > 0) await line.wakeup.sleep({ ms: Math.min(waitMs, LONGEST_SLEEP_MS), clock, signal });
      } catch (error) {
        if (signal.aborted) return;
        // Only the database: what it does not note would be sent again.
        if (failures++ === 0) {
          this.#log.warn("delivery not noted", { channel: name, problem: messageOf(error) });
        }
        await clock.sleep(backoffMs(failures, RETRY.store), signal).catch(() => {});
      }
    }
  }

  /** @returns How long to wait, in ms; 0 to go on. */
  async #step(name: string, line: Line, signal: AbortSignal): Promise<number> {
    const { outbox, file, send, clock, onTry } = this.#options;
    await this.#endUnnoted(line);
    const waiting = outbox.waitingFor(name);
    if (waiting.length === 0) return Infinity;
    const now = clock.now();
    const [oldest] = waiting;
    const nextOldMs = oldest!.createdAt + GIVE_UP_MS - now;
    // One at a time: many may wait, and each is looked at once.
    if (nextOldMs <= 0) {
      await this.#giveUp([oldest!], "it could not be delivered for 24 hours");
      return 0;
    }
    const channel = file.known.channels.find((one) => one.name === name);
    if (!channel) {
      // The file may be about to be written; without the channel nothing can be sent.
      this.#problems.set(name, "the file has no usable channel of this name");
      return nextOldMs;
    }
    if (line.downUntil > now) return Math.min(line.downUntil - now, nextOldMs);
    const pace = paceOf(channel);
    line.sent = line.sent.filter(({ at }) => at > now - Math.max(pace.cooldownMs, 60_000));
    const next = nextBatch(waiting, line.sent, pace, now);
    if ("waitMs" in next) return Math.min(next.waitMs, nextOldMs);
    const events = next.batch.map(({ event }) => event);
    const result = await send(toMessage(events), channel, signal);
    onTry?.(channel, result);
    if (result.isDelivered) {
      line.failures = 0;
      line.sent.push({ at: now, subjects: events.map(subjectOf) });
      if (this.#problems.delete(name)) this.#log.info("channel works again", { channel: name });
      this.#unnoted.set(line, next.batch);
      await this.#endUnnoted(line);
      return 0;
    }
    const { problem, why, retryAfterMs = 0 } = result;
    if (this.#problems.get(name) !== problem) {
      this.#log.warn("notification not delivered", { channel: name, problem });
    }
    this.#problems.set(name, problem);
    if (why === "gone") {
      await this.#giveUp(waiting, problem);
      return 0;
    }
    line.failures = why === "down" ? line.failures + 1 : 0;
    const attempts = next.batch[0]!.attempts + 1;
    const backoff = backoffMs(why === "down" ? line.failures : attempts, RETRY.notification);
    const againMs = Math.max(backoff, retryAfterMs);
    const againAt = clock.now() + againMs;
    // All wait for a receiver that is down, so that they keep their order; one that is refused lets the others pass.
    if (why === "down") line.downUntil = againAt;
    const due = why === "refused" && { dueAt: againAt };
    await inParts(next.batch, (one) => outbox.delay({ ...one, attempts, problem, ...due }));
    return 0;
  }

  async #endUnnoted(line: Line): Promise<void> {
    const { outbox, clock } = this.#options;
    await inParts(
      this.#unnoted.get(line) ?? [],
      ({ problem: _, ...rest }) =>
        outbox.end({ ...rest, attempts: rest.attempts + 1 }, "delivered", clock.now()),
    );
    this.#unnoted.delete(line);
  }

  async #giveUp(deliveries: readonly Delivery[], problem: string): Promise<void> {
    const { outbox, clock, onGiveUp } = this.#options;
    // The outbox changes meanwhile.
    for (const delivery of [...deliveries]) {
      onGiveUp?.(delivery.channel);
      this.#log.error("notification given up", {
        channel: delivery.channel,
        title: delivery.event.title,
        problem,
      });
      await outbox.end({ ...delivery, problem: delivery.problem ?? problem }, "given-up", clock.now());
    }
  }

  /** Retries failed deliveries after a change of the file. */
  #retryAll(): void {
    const { outbox, clock } = this.#options;
    for (const [name, line] of this.#lines) {
      line.downUntil = 0;
      line.failures = 0;
      for (const one of outbox.waitingFor(name)) {
        if (one.dueAt > clock.now()) outbox.hasten({ ...one, dueAt: clock.now() });
      }
    }
    this.wake();
  }
}

async function inParts<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += NOTED_TOGETHER) {
    await Promise.all(items.slice(at, at + NOTED_TOGETHER).map(work));
  }
}
