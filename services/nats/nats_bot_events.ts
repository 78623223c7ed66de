/**
 * {@linkcode BotEvents} from a NATS server.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { NatsConnection } from "@nats-io/transport-node";
import { backoffMs } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { BotEventHandlers, BotEvents, BotEventsStatus } from "../events/bot_events.ts";
import { ChangeDelivery } from "../events/change_delivery.ts";
import { ChangeQueue } from "../events/change_queue.ts";
import { BOT_SUBJECTS } from "../events/bot_event.ts";
import { catchHandlerErrors } from "../events/catch_handler_errors.ts";
import type { NatsConnector } from "./connect_nats.ts";
import { type NatsMode, type NatsSessionOptions, receiveEvents } from "./nats_session.ts";

/** Time limits and intervals, in ms. */
export interface NatsTimes {
  /** Longest delay between two attempts to connect. Delays begin at a twentieth of it. @default 2_000 */
  readonly retryMs: number;
  /** Interval between two lookups of the stream while there is none. @default 60_000 */
  readonly streamCheckMs: number;
  /** After a crash, the server redelivers an event that was being applied after this time. @default 5_000 */
  readonly ackWaitMs: number;
  /** Limit for an answer of the server. @default 5_000 */
  readonly callMs: number;
  /** How long disposing waits for a change that is being applied. @default 5_000 */
  readonly disposeMs: number;
}

/** Options of {@linkcode NatsBotEvents}. */
export interface NatsBotEventsOptions {
  /** Name of the durable consumer, unique per instance: see {@linkcode durableNameOf}. */
  readonly durableName: string;
  /** Subjects of the events, without the last part. @default BOT_SUBJECTS */
  readonly subjectPrefix?: string;
  /** Name of the publisher's stream. @default "THE0_EVENTS" */
  readonly stream?: string;
  /** Overrides of the default times. */
  readonly times?: Partial<NatsTimes>;
  /** The clock. @default systemClock */
  readonly clock?: Clock;
  /** Returns a number from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

/** Name of the publisher's stream, fixed by the outside contract. */
export const EVENTS_STREAM = "THE0_EVENTS";

const DEFAULTS = {
  subjectPrefix: BOT_SUBJECTS,
  stream: EVENTS_STREAM,
  clock: systemClock,
  random: Math.random,
};
const DEFAULT_TIMES: NatsTimes = {
  retryMs: 2_000,
  streamCheckMs: 60_000,
  ackWaitMs: 5_000,
  callMs: 5_000,
  disposeMs: 5_000,
};
/** How long closing a connection waits for the server, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;

type Subscription = Pick<NatsSessionOptions, "handlers" | "delivery" | "queue">;

/**
 * Returns the name of an instance's durable consumer.
 *
 * @param instance Name of the instance: lower-case letters, digits and `-`.
 * @param kind The service it belongs to. @default "bots"
 * @returns The name.
 */
export function durableNameOf(instance: string, kind: string = "bots"): string {
  return `berth-${instance}-${kind}`;
}

/**
 * Receives events from the publisher's JetStream stream through a durable consumer, which remembers what was
 * accepted; falls back to core NATS while there is no stream. Looks again forever for a lost server, stream
 * or consumer. A refused change is delivered again after 0.25 to 5 s; events of other bots overtake it
 * meanwhile. A backlog in the stream is reduced to the changes that make a difference.
 */
export class NatsBotEvents implements BotEvents {
  readonly #connector: NatsConnector;
  readonly #options: Required<NatsBotEventsOptions> & { readonly times: NatsTimes };
  readonly #log = getLogger(["berth", "events"]);
  readonly #end = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  #status: BotEventsStatus;
  #connection: NatsConnection | undefined;
  #running: Promise<unknown> | undefined;
  #mode: NatsMode | undefined;
  #problem: string | undefined;

  /**
   * @param connector Connects, see `connectNats()`. @param options The consumer, the subjects and the times.
   */
  constructor(connector: NatsConnector, options: NatsBotEventsOptions) {
    this.#connector = connector;
    this.#options = { ...DEFAULTS, ...options, times: { ...DEFAULT_TIMES, ...options.times } };
    this.#status = { state: "connecting", detail: `not connected to ${connector.where} yet` };
  }

  /** {@inheritDoc BotEvents.subscribe} */
  subscribe(handlers: BotEventHandlers): void {
    const { clock, random } = this.#options;
    const { signal } = this.#end;
    signal.throwIfAborted();
    if (this.#running) throw new TypeError("There is a subscriber already");
    const guarded = catchHandlerErrors(handlers);
    const delivery = new ChangeDelivery({ onChange: guarded.onChange, clock, random, signal });
    const queue = new ChangeQueue({ clock, signal });
    const subscription = { handlers: guarded, delivery, queue };
    this.#running = Promise.all([queue.run(delivery), this.#keepConnected(subscription)]);
  }

  /** {@inheritDoc BotEvents.caughtUp} */
  caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** {@inheritDoc BotEvents.status} */
  status(): BotEventsStatus {
    return this.#status;
  }

  /** Ends the delivery, and waits a limited time for the change that is being applied. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { times, clock } = this.#options;
    this.#end.abort(new DOMException("The events have been closed.", "AbortError"));
    if (!this.#running) return;
    this.#status = { state: "connecting", detail: "closed" };
    if (!await settledWithin(this.#running, times.disposeMs, clock) && this.#connection) {
      await this.#close(this.#connection);
    }
  }

  async #keepConnected(subscription: Subscription): Promise<void> {
    const { times: { retryMs: maxMs }, clock, random } = this.#options;
    const { signal } = this.#end;
    for (let attempt = 0; !signal.aborted;) {
      try {
        const connection = await this.#connector.connect(signal);
        await this.#serve(connection, { ...subscription, onConnected: () => attempt = 0 });
      } catch (error) {
        if (!signal.aborted) this.#reportLost(error);
      }
      const waitMs = backoffMs(++attempt, { minMs: maxMs / 20, maxMs, random });
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  async #serve(
    connection: NatsConnection,
    { handlers, delivery, queue, onConnected }: Subscription & { readonly onConnected: () => void },
  ): Promise<void> {
    const over = new AbortController();
    const end = () => over.abort(this.#end.signal.reason);
    this.#connection = connection;
    this.#end.signal.addEventListener("abort", end, { once: true });
    const closed = connection.closed().then((error) => {
      over.abort(error ?? new Error("the server closed the connection"));
    });
    const onMode = (mode: NatsMode, reason?: string) => {
      onConnected();
      this.#reportMode(mode, reason);
      handlers.onGap();
      this.#caughtUp.resolve();
    };
    const onBacklog = (count: number) => {
      this.#status = {
        state: "catching-up",
        detail: `${count} events that wait in the stream are being read`,
      };
    };
    try {
      await receiveEvents({
        ...this.#options,
        connection,
        handlers,
        delivery,
        queue,
        onMode,
        onBacklog,
        signal: over.signal,
      });
      throw over.signal.reason;
    } finally {
      this.#end.signal.removeEventListener("abort", end);
      await this.#close(connection);
      await settledWithin(closed, CLOSE_TIMEOUT_MS, this.#options.clock);
    }
  }

  /** Sends pending data, such as acknowledgements, if the server still accepts it. */
  async #close(connection: NatsConnection): Promise<void> {
    const { clock } = this.#options;
    await settledWithin(connection.drain(), CLOSE_TIMEOUT_MS, clock);
    await settledWithin(connection.close(), CLOSE_TIMEOUT_MS, clock);
  }

  #reportMode(mode: NatsMode, reason?: string): void {
    this.#status = { state: "connected", mode };
    this.#problem = undefined;
    const fields = { where: this.#connector.where, stream: this.#options.stream, reason };
    if (mode === "jetstream") this.#log.info("Events come from the stream {stream} at {where}", fields);
    else if (this.#mode !== "core") {
      this.#log.warn(
        "Events come from {where} without a stream, as {reason}: what is published while Berth is down is lost",
        fields,
      );
    }
    this.#mode = mode;
  }

  #reportLost(error: unknown): void {
    const detail = `cannot reach ${this.#connector.where}: ${(error as Error).message}`;
    this.#status = { state: "connecting", detail };
    // Logs once per reason, not per attempt.
    if (detail !== this.#problem) {
      this.#log.warn("No events: {detail}; Berth tries again and again", { detail });
    }
    this.#problem = detail;
  }
}
