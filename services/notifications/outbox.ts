/**
 * The outbox: what still has to be delivered, and what was. Both are in the database, so that they survive the process.
 *
 * @module
 */

import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import type { NotificationEvent } from "./notification_event.ts";
import { timePart } from "./notification_event.ts";

/** An event on its way to one channel. */
export interface Delivery {
  /** Unique: event and channel. */
  readonly id: string;
  /** The event. */
  readonly event: NotificationEvent;
  /** Name of the channel. */
  readonly channel: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it was put here, in ms since the epoch. */
  readonly createdAt: number;
  /** When to try next, in ms since the epoch. */
  readonly dueAt: number;
  /** Why the last try failed; holds no secret. */
  readonly problem?: string;
}

/** A delivery that is over. */
export interface PastDelivery extends Omit<Delivery, "dueAt"> {
  /** Whether the receiver has taken it, or Berth has given up. */
  readonly outcome: "delivered" | "given-up";
  /** When that was, in ms since the epoch. */
  readonly endedAt: number;
}

/** Which past deliveries to list. */
export interface ListDeliveriesOptions {
  /** Maximum number. */
  readonly limit: number;
  /** Only those that follow this id, which is of an earlier event. @default the latest first */
  readonly after?: string;
  /** Aborts the call. */
  readonly signal?: AbortSignal;
}

const WAITING = "outbox";
const PAST = "deliveries";
const PAGE = 500;
/** How long past deliveries are kept, in ms. */
const KEPT_MS = 14 * 86_400_000;

/**
 * The outbox of one scope. Records are inserted under unique ids, and a delivery that is over is noted among the past
 * ones before it leaves the outbox, so that no crash loses an event or delivers it anew.
 */
export class Outbox {
  readonly #records: RecordStore;
  readonly #prefix: string;
  /** By channel, in the order of the events. */
  readonly #waiting = new Map<string, Delivery[]>();

  /** @param records Where it is kept. @param scope Which services' events it holds; others have an outbox of their own. */
  constructor(records: RecordStore, scope: string) {
    this.#records = records;
    this.#prefix = `${scope}/`;
  }

  /**
   * Reads what an earlier process has left.
   *
   * @param signal Aborts the read.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async load(signal: AbortSignal): Promise<void> {
    this.#waiting.clear();
    let after: string | undefined;
    while (true) {
      const page = await this.#records.list(WAITING, {
        prefix: this.#prefix,
        limit: PAGE,
        ...(after !== undefined && { after }),
        signal,
      });
      for (const { value } of page) {
        const delivery = value as unknown as Delivery;
        // A crash between the two writes at the end of a delivery leaves both records.
        if (await this.#records.get(PAST, delivery.id, { signal })) await this.#remove(delivery.id, signal);
        else this.#keep(delivery);
      }
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }

  /**
   * Puts an event in for a channel. Does nothing if it is there, or was delivered already.
   *
   * @param event The event.
   * @param channel Name of the channel.
   * @param now The time, in ms since the epoch.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async add(event: NotificationEvent, channel: string, now: number): Promise<void> {
    const id = `${event.id}/${channel}`;
    if (this.#placeOf(id, channel).isThere) return;
    const delivery: Delivery = { id, event, channel, attempts: 0, createdAt: now, dueAt: now };
    // An earlier try, whose answer was lost, may have inserted it.
    await this.#records.insert(WAITING, `${this.#prefix}${id}`, { ...delivery });
    // Read afterwards: a delivery that ends is noted before it leaves the outbox.
    if (await this.#records.get(PAST, id)) await this.#remove(id);
    else this.#keep(delivery);
  }

  /**
   * Lists what waits for a channel, in the order of the events. The list changes with the outbox.
   *
   * @param channel Name of the channel.
   */
  waitingFor(channel: string): readonly Delivery[] {
    return this.#waiting.get(channel) ?? [];
  }

  /** How many deliveries wait. */
  get size(): number {
    return this.allWaiting().length;
  }

  /** All that waits. */
  allWaiting(): readonly Delivery[] {
    return [...this.#waiting.values()].flat();
  }

  /** Names of the channels that something waits for. */
  channels(): string[] {
    return [...this.#waiting.keys()];
  }

  /**
   * Changes a delivery in this process alone: after a crash it is due when the database says.
   *
   * @param delivery The delivery with its new values.
   * @returns Whether it still waits.
   */
  hasten(delivery: Delivery): boolean {
    const { waiting, at, isThere } = this.#placeOf(delivery.id, delivery.channel);
    if (isThere) waiting[at] = delivery;
    return isThere;
  }

  /**
   * Records a failed try.
   *
   * @param delivery The delivery with its new values.
   * @throws {StoreUnavailableError} If the database does not answer; this process knows of the try nevertheless.
   */
  async delay(delivery: Delivery): Promise<void> {
    if (!this.hasten(delivery)) return;
    const id = `${this.#prefix}${delivery.id}`;
    const record = await this.#records.get(WAITING, id);
    if (record) await this.#records.replace(WAITING, id, record.revision, { ...delivery });
  }

  /**
   * Ends a delivery.
   *
   * @param delivery The delivery.
   * @param outcome How it ended.
   * @param now The time, in ms since the epoch.
   * @throws {StoreUnavailableError} If the database does not answer. The call must be made again until it succeeds.
   */
  async end(delivery: Delivery, outcome: PastDelivery["outcome"], now: number): Promise<void> {
    const { dueAt: _, ...rest } = delivery;
    const past: PastDelivery = { ...rest, outcome, endedAt: now };
    await this.#records.insert(PAST, delivery.id, { ...past });
    await this.#remove(delivery.id);
    const { waiting, at, isThere } = this.#placeOf(delivery.id, delivery.channel);
    if (isThere) waiting.splice(at, 1);
    if (waiting.length === 0) this.#waiting.delete(delivery.channel);
  }

  /**
   * Lists past deliveries, of all scopes, the latest event first.
   *
   * @param options See {@linkcode ListDeliveriesOptions}.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async past(options: ListDeliveriesOptions): Promise<PastDelivery[]> {
    const records = await this.#records.list(PAST, { descending: true, ...options });
    return records.map(toPast);
  }

  /**
   * Forgets past deliveries that are old.
   *
   * @param now The time, in ms since the epoch.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async expire(now: number): Promise<void> {
    await this.#records.deleteBefore(PAST, timePart(now - KEPT_MS));
  }

  async #remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.#records.delete(WAITING, `${this.#prefix}${id}`, { ...(signal && { signal }) });
  }

  #keep(delivery: Delivery): void {
    const { waiting, at, isThere } = this.#placeOf(delivery.id, delivery.channel);
    waiting.splice(at, isThere ? 1 : 0, delivery);
    this.#waiting.set(delivery.channel, waiting);
  }

  /** Finds where a delivery is, or belongs: many may wait. */
  #placeOf(id: string, channel: string): { waiting: Delivery[]; at: number; isThere: boolean } {
    const waiting = this.#waiting.get(channel) ?? [];
    let at = 0;
    for (let end = waiting.length; at < end;) {
      const middle = (at + end) >> 1;
      if (waiting[middle]!.id < id) at = middle + 1;
      else end = middle;
    }
    return { waiting, at, isThere: waiting[at]?.id === id };
  }
}

function toPast({ value }: StoredRecord): PastDelivery {
  return value as unknown as PastDelivery;
}
