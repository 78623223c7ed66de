/**
 * Keeps the open incidents in the database, and makes events when they begin and end.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import type { CloseOptions, Happening, Incident, IncidentKey, IncidentKind, Incidents } from "./incidents.ts";
import {
  type EventSource,
  happenedEvent,
  type NotificationEvent,
  openedEvent,
  recoveredEvent,
} from "./notification_event.ts";

/** What an {@linkcode IncidentBook} needs. */
export interface IncidentBookOptions {
  /** Where open incidents are kept. */
  readonly records: RecordStore;
  /** Which services' incidents it holds; others have a book of their own. */
  readonly scope: string;
  /** Name of the service's instance. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
  /**
   * Puts an event into the outbox, for each channel that is told. May be called again with the same event.
   *
   * @returns False if the channels cannot be read yet.
   */
  readonly send: (event: NotificationEvent) => Promise<boolean>;
}

/** An open incident, as it is stored. */
interface Episode {
  readonly opened: NotificationEvent;
  /** Whether the outbox has the event of its beginning. */
  readonly isSent: boolean;
  /** The event of its end, which the outbox may lack. */
  readonly recovered?: NotificationEvent;
}

type Change =
  | { readonly type: "open"; readonly key: string; readonly opened: NotificationEvent }
  | { readonly type: "close"; readonly key: string; readonly text: string; readonly source: EventSource }
  | { readonly type: "forget"; readonly key: string }
  | { readonly type: "tell"; readonly event: NotificationEvent; readonly done: () => void };

const COLLECTION = "incidents";
const PAGE = 500;
/** Above this number of changes that wait for the database, no event that happened once is taken. */
const MAX_CHANGES = 10_000;

/**
 * The order of writes makes each change known once, wherever a crash falls: the incident is written with the event of
 * its beginning, the event goes to the outbox, the incident is marked; at its end the event of the end is written into
 * the incident, goes to the outbox, and the incident is removed. A process that begins repeats what is not finished, and
 * the outbox ignores events that it has or had.
 */
export class IncidentBook implements Incidents {
  readonly #options: IncidentBookOptions;
  readonly #prefix: string;
  /** The incidents that are open once all changes are made, each with the event of its beginning. */
  readonly #open = new Map<string, NotificationEvent>();
  readonly #changes: Change[] = [];
  readonly #work = new Wakeup();
  /** Whether stored incidents may lack something: a process has ended, or the channels could not be read. */
  #hasUnfinished = false;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode IncidentBookOptions}. */
  constructor(options: IncidentBookOptions) {
    this.#options = options;
    this.#prefix = `${options.scope}/`;
  }

  /** {@inheritDoc Incidents.open} */
  open(incident: Incident): void {
    const key = keyOf(incident);
    if (this.#open.has(key)) return;
    const opened = openedEvent(incident, this.#source);
    this.#open.set(key, opened);
    this.#add({ type: "open", key, opened });
  }

  /** {@inheritDoc Incidents.close} */
  close(incident: IncidentKey, { text = "", isQuiet = false }: CloseOptions = {}): void {
    const key = keyOf(incident);
    if (!this.#open.delete(key)) return;
    this.#add(
      isQuiet ? { type: "forget", key } : { type: "close", key, text, source: this.#source },
    );
  }

  /** {@inheritDoc Incidents.closeAll} */
  closeAll(bot: string, kinds?: readonly IncidentKind[]): void {
    for (const key of this.#open.keys()) {
      const [kind, id] = splitKey(key);
      if (id === bot && (kinds?.includes(kind) ?? true)) this.close({ kind, bot }, { isQuiet: true });
    }
  }

  /** {@inheritDoc Incidents.tell} */
  async tell(happening: Happening): Promise<void> {
    const event = await happenedEvent(happening, this.#source);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#add({ type: "tell", event, done: resolve });
    await promise;
  }

  /** {@inheritDoc Incidents.isOpen} */
  isOpen(key: IncidentKey): boolean {
    return this.#open.has(keyOf(key));
  }

  /** The open incidents, each as the event of its beginning, the latest first. */
  list(): NotificationEvent[] {
    return [...this.#open.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Tells of incidents that nobody could be told of yet, because the channels could not be read. */
  channelsChanged(): void {
    if (this.#hasUnfinished) this.#work.wake();
  }

  /**
   * Reads what an earlier process has left. Before, nothing counts as open.
   *
   * @param signal Aborts the read.
   * @throws {StoreUnavailableError} If the database does not answer. The call may be made again.
   */
  async load(signal: AbortSignal): Promise<void> {
    await this.#options.records.open({ signal });
    for await (const { id, value } of this.#episodes(signal)) {
      const { opened, recovered } = value as unknown as Episode;
      if (!recovered) this.#open.set(id.slice(this.#prefix.length), opened);
    }
    this.#hasUnfinished = true;
  }

  /**
   * Makes changes in order until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.#hasUnfinished) await this.#finishAll(signal);
        await this.#makeChanges();
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
    if (change.type === "tell" && this.#changes.length >= MAX_CHANGES) {
      this.#log.error("notification dropped: too many wait for the database", { type: change.type });
      return change.done();
    }
    this.#changes.push(change);
    this.#work.wake();
  }

  /** Does again what may not have been done: sends what the outbox may lack, and removes what has ended. */
  async #finishAll(signal: AbortSignal): Promise<void> {
    this.#hasUnfinished = false;
    try {
      for await (const { id, revision, value } of this.#episodes(signal)) {
        await this.#finish(id, revision, value as unknown as Episode);
      }
    } catch (error) {
      this.#hasUnfinished = true;
      throw error;
    }
  }

  async *#episodes(signal: AbortSignal): AsyncGenerator<StoredRecord> {
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

  async #makeChanges(): Promise<void> {
    for (let change = this.#changes[0]; change; change = this.#changes[0]) {
      await this.#make(change);
      this.#changes.shift();
    }
  }

  async #make(change: Change): Promise<void> {
    const { records, send } = this.#options;
    if (change.type === "tell") {
      if (!await send(change.event)) {
        this.#log.warn("nobody told: the file of channels cannot be read", { title: change.event.title });
      }
      return change.done();
    }
    const id = `${this.#prefix}${change.key}`;
    const record = await records.get(COLLECTION, id);
    const episode = record?.value as Episode | undefined;
    if (change.type === "open") {
      // One that has ended is over; one that goes on is known already.
      if (record && episode!.recovered) await this.#finish(id, record.revision, episode!);
      else if (record && episode!.opened.id !== change.opened.id) return;
      const fresh: Episode = { opened: change.opened, isSent: false };
      if (await records.insert(COLLECTION, id, { ...fresh })) {
        this.#log.warn("incident", { kind: change.opened.kind, title: change.opened.title });
      }
      await this.#finish(id, 1, fresh);
    } else if (record && change.type === "forget") {
      await records.delete(COLLECTION, id);
    } else if (record && change.type === "close") {
      const recovered = episode!.recovered ?? recoveredEvent(episode!.opened, change.text, change.source);
      const ended: Episode = { ...episode!, recovered };
      if (!episode!.recovered) {
        if (!await records.replace(COLLECTION, id, record.revision, { ...ended })) {
          return await this.#make(change);
        }
        this.#log.info("incident has ended", { kind: recovered.kind, title: recovered.title });
      }
      await this.#finish(id, record.revision + 1, ended);
    }
  }

  async #finish(id: string, revision: number, episode: Episode): Promise<void> {
    const { records, send } = this.#options;
    if (!episode.isSent && !await send(episode.opened)) {
      this.#hasUnfinished = true;
      // Nobody heard of the beginning, so nobody needs to hear of the end.
      if (episode.recovered) await records.delete(COLLECTION, id);
      return;
    }
    if (!episode.recovered) {
      if (!episode.isSent) await records.replace(COLLECTION, id, revision, { ...episode, isSent: true });
      return;
    }
    await send(episode.recovered);
    await records.delete(COLLECTION, id);
  }
}

function keyOf({ kind, bot = "" }: IncidentKey): string {
  return `${kind}/${bot}`;
}

function splitKey(key: string): readonly [kind: IncidentKind, bot: string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash) as IncidentKind, key.slice(slash + 1)];
}
