/**
 * The open incidents in the database, and the events of their beginnings and ends on the way to the outbox.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { type EventSource, type NotificationEvent, recoveredEvent } from "./notification_event.ts";

/** Dependencies of {@linkcode StoredIncidents}. */
export interface StoredIncidentsOptions {
  /** Where they are kept. */
  readonly records: RecordStore;
  /** Which services' incidents these are; others have records of their own. */
  readonly scope: string;
  /**
   * Puts an event into the outbox, once for each channel whose route matches. May be called again with the same event.
   *
   * @returns False if the channels cannot be read yet.
   */
  readonly send: (event: NotificationEvent) => Promise<boolean>;
}

/** An incident, as it is stored. */
interface StoredIncident {
  readonly opened: NotificationEvent;
  /** Whether the outbox has the event of its beginning. */
  readonly isSent: boolean;
  /** The event of its end, which the outbox may lack. */
  readonly recovered?: NotificationEvent;
}

const COLLECTION = "incidents";
const PAGE = 500;

/**
 * The order of writes makes each change known once, wherever a crash falls: the incident is written with the event of
 * its beginning, the event goes to the outbox, the incident is marked; at its end the event of the end is written into
 * the incident, goes to the outbox, and the incident is removed. A process that begins repeats what is not finished, and
 * the outbox ignores events that it has or had. Each method rejects with a `StoreUnavailableError` if the database does
 * not answer, and may then be called again.
 */
export class StoredIncidents {
  readonly #options: StoredIncidentsOptions;
  readonly #prefix: string;
  #hasUnfinished = false;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode StoredIncidentsOptions}. */
  constructor(options: StoredIncidentsOptions) {
    this.#options = options;
    this.#prefix = `${options.scope}/`;
  }

  /** Whether the outbox may lack an event: a process has ended, or the channels could not be read. */
  get hasUnfinished(): boolean {
    return this.#hasUnfinished;
  }

  /**
   * Reads what an earlier process has left.
   *
   * @param signal Aborts the read.
   * @returns The incidents that are open: key and event of the beginning.
   */
  async load(signal: AbortSignal): Promise<[key: string, opened: NotificationEvent][]> {
    await this.#options.records.open({ signal });
    const open: [string, NotificationEvent][] = [];
    for await (const { id, value } of this.#all(signal)) {
      const { opened, recovered } = value as unknown as StoredIncident;
      if (!recovered) open.push([id.slice(this.#prefix.length), opened]);
    }
    this.#hasUnfinished = true;
    return open;
  }

  /**
   * Does again what may not have been done: sends what the outbox may lack, and removes what has ended.
   *
   * @param signal Aborts the read.
   */
  async finishAll(signal: AbortSignal): Promise<void> {
    this.#hasUnfinished = false;
    try {
      for await (const { id, revision, value } of this.#all(signal)) {
        await this.#finish(id, revision, value as unknown as StoredIncident);
      }
    } catch (error) {
      this.#hasUnfinished = true;
      throw error;
    }
  }

  /**
   * Opens an incident. Does nothing if it is open already.
   *
   * @param key Its key.
   * @param opened The event of its beginning.
   */
  async open(key: string, opened: NotificationEvent): Promise<void> {
    const id = this.#prefix + key;
    const { record, incident } = await this.#read(id);
    // One that has ended is over; one that goes on is known already.
    if (record && incident!.recovered) await this.#finish(id, record.revision, incident!);
    else if (record && incident!.opened.id !== opened.id) return;
    const fresh: StoredIncident = { opened, isSent: false };
    if (await this.#options.records.insert(COLLECTION, id, { ...fresh })) {
      this.#log.warn("incident", { kind: opened.kind, title: opened.title });
    }
    await this.#finish(id, 1, fresh);
  }

  /**
   * Ends an incident. Does nothing if it is not open.
   *
   * @param key Its key.
   * @param text A description of the end.
   * @param source The part that the events of this service share.
   */
  async close(key: string, text: string, source: EventSource): Promise<void> {
    const id = this.#prefix + key;
    const { record, incident } = await this.#read(id);
    if (!record) return;
    const recovered = incident!.recovered ?? recoveredEvent(incident!.opened, text, source);
    const ended: StoredIncident = { ...incident!, recovered };
    if (!incident!.recovered) {
      if (!await this.#options.records.replace(COLLECTION, id, record.revision, { ...ended })) {
        return await this.close(key, text, source);
      }
      this.#log.info("incident has ended", { kind: recovered.kind, title: recovered.title });
    }
    await this.#finish(id, record.revision + 1, ended);
  }

  /** Removes an incident without an event of its end. @param key Its key. */
  async forget(key: string): Promise<void> {
    await this.#options.records.delete(COLLECTION, this.#prefix + key);
  }

  async #read(id: string): Promise<{ record?: StoredRecord; incident?: StoredIncident }> {
    const record = await this.#options.records.get(COLLECTION, id);
    return record ? { record, incident: record.value as unknown as StoredIncident } : {};
  }

  async *#all(signal: AbortSignal): AsyncGenerator<StoredRecord> {
    let after: string | undefined;
    while (true) {
      const page = await this.#options.records.list(COLLECTION, {
        prefix: this.#prefix,
        limit: PAGE,
        ...(after !== undefined && { after }),
        signal,
      });
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }

  async #finish(id: string, revision: number, incident: StoredIncident): Promise<void> {
    const { records, send } = this.#options;
    if (!incident.isSent && !await send(incident.opened)) {
      this.#hasUnfinished = true;
      // Nobody knows of the beginning, so nobody needs to know of the end.
      if (incident.recovered) await records.delete(COLLECTION, id);
      return;
    }
    if (!incident.recovered) {
      if (!incident.isSent) await records.replace(COLLECTION, id, revision, { ...incident, isSent: true });
      return;
    }
    await send(incident.recovered);
    await records.delete(COLLECTION, id);
  }
}
