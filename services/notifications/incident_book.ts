/**
 * The open incidents in memory, and the changes that wait for the database.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import { StoredIncidents, type StoredIncidentsOptions } from "./stored_incidents.ts";
import { fromKeyText, toKeyText } from "./incident_key.ts";
import type { CloseOptions, Happening, Incident, IncidentKey, IncidentKind, Incidents } from "./incidents.ts";
import {
  type EventSource,
  happenedEvent,
  type NotificationEvent,
  openedEvent,
} from "./notification_event.ts";

/** Dependencies of {@linkcode IncidentBook}. */
export interface IncidentBookOptions extends StoredIncidentsOptions {
  /** Name of the service's instance. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
}

type Change =
  | { readonly type: "open"; readonly key: string; readonly opened: NotificationEvent }
  | { readonly type: "close"; readonly key: string; readonly text: string; readonly source: EventSource }
  | { readonly type: "forget"; readonly key: string }
  | { readonly type: "happened"; readonly event: NotificationEvent; readonly done: () => void };

/** Above this number of changes that wait for the database, no event that happened once is taken. */
const MAX_CHANGES = 10_000;

/** Takes changes at once, and stores them in order. */
export class IncidentBook implements Incidents {
  readonly #options: IncidentBookOptions;
  readonly #stored: StoredIncidents;
  /** The incidents that are open once all changes are stored, each with the event of its beginning. */
  readonly #open = new Map<string, NotificationEvent>();
  readonly #changes: Change[] = [];
  readonly #work = new Wakeup();
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode IncidentBookOptions}. */
  constructor(options: IncidentBookOptions) {
    this.#options = options;
    this.#stored = new StoredIncidents(options);
  }

  /** {@inheritDoc Incidents.open} */
  open(incident: Incident): void {
    const key = toKeyText(incident);
    if (this.#open.has(key)) return;
    const opened = openedEvent(incident, this.#source);
    this.#open.set(key, opened);
    this.#add({ type: "open", key, opened });
  }

  /** {@inheritDoc Incidents.close} */
  close(incident: IncidentKey, { text = "", isQuiet = false }: CloseOptions = {}): void {
    const key = toKeyText(incident);
    if (!this.#open.delete(key)) return;
    this.#add(
      isQuiet ? { type: "forget", key } : { type: "close", key, text, source: this.#source },
    );
  }

  /** {@inheritDoc Incidents.closeAll} */
  closeAll(bot: string, kinds?: readonly IncidentKind[]): void {
    for (const key of this.keys()) {
      if (key.bot === bot && (kinds?.includes(key.kind) ?? true)) this.close(key, { isQuiet: true });
    }
  }

  /** {@inheritDoc Incidents.notify} */
  async notify(happening: Happening): Promise<void> {
    const event = await happenedEvent(happening, this.#source);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#add({ type: "happened", event, done: resolve });
    await promise;
  }

  /** {@inheritDoc Incidents.isOpen} */
  isOpen(key: IncidentKey): boolean {
    return this.#open.has(toKeyText(key));
  }

  /** {@inheritDoc Incidents.keys} */
  keys(): IncidentKey[] {
    return [...this.#open.keys()].map(fromKeyText);
  }

  /** The open incidents, each as the event of its beginning, the latest first. */
  list(): NotificationEvent[] {
    return [...this.#open.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Sends the events of incidents that could not be sent yet, because the channels could not be read. */
  channelsChanged(): void {
    if (this.#stored.hasUnfinished) this.#work.wake();
  }

  /**
   * Reads what an earlier process has left. Before, nothing counts as open.
   *
   * @param signal Aborts the read.
   * @throws {StoreUnavailableError} If the database does not answer. The call may be made again.
   */
  async load(signal: AbortSignal): Promise<void> {
    for (const [key, opened] of await this.#stored.load(signal)) this.#open.set(key, opened);
  }

  /**
   * Stores changes in order until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.#stored.hasUnfinished) await this.#stored.finishAll(signal);
        await this.#storeChanges();
        failures = 0;
        await this.#work.sleep({ clock, signal });
      } catch (error) {
        if (signal.aborted) return;
        if (failures++ === 0) this.#log.warn("incident not stored yet", { problem: messageOf(error) });
        await clock.sleep(backoffMs(failures, RETRY.store), signal).catch(() => {});
      }
    }
  }

  get #source(): EventSource {
    return {
      instance: this.#options.instance,
      now: this.#options.clock.now(),
      suffix: orderedSuffix(),
    };
  }

  #add(change: Change): void {
    // Beginnings and ends are always held: without one, the incident would be stuck.
    if (change.type === "happened" && this.#changes.length >= MAX_CHANGES) {
      this.#log.error("notification dropped: too many wait for the database", { type: change.type });
      return change.done();
    }
    this.#changes.push(change);
    this.#work.wake();
  }

  async #storeChanges(): Promise<void> {
    for (let change = this.#changes[0]; change; change = this.#changes[0]) {
      await this.#store(change);
      this.#changes.shift();
    }
  }

  async #store(change: Change): Promise<void> {
    switch (change.type) {
      case "open":
        return await this.#stored.open(change.key, change.opened);
      case "close":
        return await this.#stored.close(change.key, change.text, change.source);
      case "forget":
        return await this.#stored.forget(change.key);
      case "happened":
        if (!await this.#options.send(change.event)) {
          this.#log.warn("nobody notified: the file of channels cannot be read", {
            title: change.event.title,
          });
        }
        change.done();
    }
  }
}
