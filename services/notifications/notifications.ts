/**
 * Notifications of one service: incidents, outbox and delivery.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { allSettledOrThrow } from "../../lib/util/promises.ts";
import { tick } from "../control/tick.ts";
import type { RecordStore } from "../records/record_store.ts";
import { takesEvent } from "./channel_route.ts";
import type { SendMessage } from "./channel_sender.ts";
import type { ChannelsFile } from "./channels_file.ts";
import { Deliverer, type DelivererOptions } from "./deliverer.ts";
import { IncidentBook } from "./incident_book.ts";
import type { IncidentKey, Incidents } from "./incidents.ts";
import type { NotificationEvent } from "./notification_event.ts";
import { Outbox } from "./outbox.ts";

/** Dependencies of {@linkcode Notifications}. */
export interface NotificationsOptions extends Pick<DelivererOptions, "onTry" | "onGiveUp"> {
  /** Where incidents and outbox are kept. */
  readonly records: RecordStore;
  /** Names what the service serves, as no other service of the same database does. */
  readonly scope: string;
  /** Name of the service's instance. */
  readonly instance: string;
  /** The channels. */
  readonly file: ChannelsFile;
  /** Sends. */
  readonly send: SendMessage;
  /** Reads the labels of a bot or a schedule; `undefined` if there is none of this id. */
  readonly labelsOf: (bot: string) => Promise<Readonly<Record<string, string>> | undefined>;
  /** Whether an incident stays although its bot was removed. @default none does */
  readonly outlivesBot?: (key: IncidentKey, signal: AbortSignal) => Promise<boolean>;
  /** @default the machine's */
  readonly clock?: Clock;
}

/** How often the file of channels is looked at, in ms. */
const LOOK_MS = 5_000;
/** How often old deliveries are forgotten, in ms. */
const EXPIRE_MS = 3_600_000;

/** Notifies people of incidents and events. */
export class Notifications {
  readonly #options: NotificationsOptions & { readonly clock: Clock };
  readonly #book: IncidentBook;
  /** The pending and past deliveries. */
  readonly outbox: Outbox;
  /** Delivers. */
  readonly deliverer: Deliverer;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode NotificationsOptions}. */
  constructor(options: NotificationsOptions) {
    this.#options = { clock: systemClock, ...options };
    const { records, scope, file } = options;
    this.outbox = new Outbox(records, scope);
    this.deliverer = new Deliverer({ ...this.#options, outbox: this.outbox });
    this.#book = new IncidentBook({ ...this.#options, send: (event) => this.#putOut(event) });
    file.onChange(() => this.#book.channelsChanged());
  }

  /** Notifies people. */
  get incidents(): Incidents & Pick<IncidentBook, "list"> {
    return this.#book;
  }

  /**
   * Reads what an earlier process has left.
   *
   * @param signal Aborts the read.
   * @throws {StoreUnavailableError} If the database does not answer. The call may be made again.
   */
  async load(signal: AbortSignal): Promise<void> {
    const { file, labelsOf, outlivesBot } = this.#options;
    await allSettledOrThrow([file.read(), this.#book.load(signal), this.outbox.load(signal)]);
    for (const key of this.#book.keys()) {
      if (key.bot === undefined || await labelsOf(key.bot) || await outlivesBot?.(key, signal)) continue;
      // Its bot was removed while no process served.
      this.#book.close(key, { isQuiet: true });
    }
  }

  /**
   * Stores and delivers until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { file, clock } = this.#options;
    const expire = () =>
      this.outbox.expire(clock.now()).catch((error) => {
        if (!signal.aborted) this.#log.warn("old deliveries not removed", { problem: messageOf(error) });
      });
    await Promise.all([
      this.#book.run(signal),
      this.deliverer.run(signal),
      tick("channels file", LOOK_MS, { signal, clock }, async () => void await file.read()),
      tick("old deliveries", EXPIRE_MS, { signal, clock }, expire),
    ]);
  }

  async #putOut(event: NotificationEvent): Promise<boolean> {
    const { file, clock, labelsOf } = this.#options;
    const { channels, isKnown } = await file.read();
    if (!isKnown) return false;
    const needsLabels = event.bot !== undefined &&
      channels.some(({ bots }) => bots?.some((pattern) => pattern.includes("=")));
    const labels = needsLabels ? await labelsOf(event.bot!) ?? {} : {};
    for (const channel of channels) {
      if (takesEvent(channel, event, labels)) await this.outbox.add(event, channel.name, clock.now());
    }
    this.deliverer.wake();
    return true;
  }
}
