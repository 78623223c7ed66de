/**
 * Notifies people of an outage of the database. It holds the outbox, so a file takes its place meanwhile.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import { takesEvent } from "./channel_route.ts";
import type { SendMessage } from "./channel_sender.ts";
import type { ChannelsFile } from "./channels_file.ts";
import type { Incident, IncidentKey, Incidents } from "./incidents.ts";
import { toMessage } from "./message.ts";
import { type NotificationEvent, openedEvent, recoveredEvent } from "./notification_event.ts";
import type { Outbox } from "./outbox.ts";

/** Dependencies of {@linkcode StoreOutage}. */
export interface StoreOutageOptions {
  /** Absolute path of the file. */
  readonly path: string;
  /** Name of the service's instance. */
  readonly instance: string;
  /** The channels. */
  readonly file: Pick<ChannelsFile, "known" | "read">;
  /** Sends. */
  readonly send: SendMessage;
  /** Takes the end of the outage, when the database answers again. */
  readonly outbox: () => Pick<Outbox, "add">;
  /** Says that the outbox has something new. */
  readonly wake: () => void;
  /** The clock. */
  readonly clock: Clock;
}

/** The content of the file. */
interface Noted {
  readonly opened: NotificationEvent;
  /** Channels that were notified. */
  readonly told: readonly string[];
  /** The end, once the outbox is given it. */
  readonly recovered?: NotificationEvent;
}

/** Notifies each channel once of the outage's beginning, and those channels once of its end. */
export class StoreOutage implements Pick<Incidents, "open" | "close"> {
  readonly #options: StoreOutageOptions;
  /** `undefined`: not read yet. `null`: there is no outage. */
  #noted: Noted | null | undefined;
  #telling: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  #writes: Promise<void> = Promise.resolve();
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode StoreOutageOptions}. */
  constructor(options: StoreOutageOptions) {
    this.#options = options;
  }

  /** {@inheritDoc Incidents.open} */
  open(incident: Incident): void {
    if (this.#telling) return;
    const telling = this.#telling = new AbortController();
    this.#queue(async () => {
      const source = {
        instance: this.#options.instance,
        now: this.#options.clock.now(),
        suffix: orderedSuffix(),
      };
      // After a restart the same outage goes on.
      const noted = await this.#read() ?? { opened: openedEvent(incident, source), told: [] };
      await this.#write(noted);
      this.#log.warn("incident", { kind: incident.kind, title: incident.title });
      await this.#tellAll(telling.signal).catch((error) => {
        if (!telling.signal.aborted) throw error;
      });
    });
  }

  /** {@inheritDoc Incidents.close} */
  close(_key: IncidentKey): void {
    if (!this.#telling && this.#noted === null) return;
    this.#telling?.abort();
    this.#telling = undefined;
    this.#queue(() => this.#end());
  }

  /** Stops notifying. If the outage goes on, the next process sends the rest. */
  async stop(): Promise<void> {
    this.#telling?.abort();
    await this.#work;
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error) =>
      this.#log.warn("nobody notified of the outage of the database", { problem: messageOf(error) })
    );
  }

  async #tellAll(signal: AbortSignal): Promise<void> {
    const { file, send, clock } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      const { opened, told } = this.#noted!;
      const left = (await file.read()).channels.filter((one) =>
        takesEvent(one, opened, {}) && !told.includes(one.name)
      );
      if (left.length === 0) return;
      const sent = await Promise.allSettled(left.map(async (channel) => {
        const { isDelivered } = await send(toMessage([opened]), channel, signal);
        // Noted at once: the end of the outage, or of the process, does not wait for a slow channel.
        if (isDelivered) await this.#write({ ...this.#noted!, told: [...this.#noted!.told, channel.name] });
        return isDelivered;
      }));
      const failed = sent.find((one) => one.status === "rejected");
      if (failed) throw failed.reason;
      if (sent.some((one) => one.status === "fulfilled" && !one.value)) {
        await clock.sleep(backoffMs(++failures, RETRY.notification), signal);
      }
    }
  }

  async #end(): Promise<void> {
    const { outbox, wake, clock, instance, path } = this.#options;
    const noted = await this.#read();
    if (!noted) return;
    const source = { instance, now: clock.now(), suffix: orderedSuffix() };
    const recovered = noted.recovered ?? recoveredEvent(noted.opened, "", source);
    await this.#write({ ...noted, recovered });
    for (const channel of noted.told) await outbox().add(recovered, channel, clock.now());
    wake();
    this.#noted = null;
    await unlessMissing(Deno.remove(path));
  }

  async #read(): Promise<Noted | undefined> {
    if (this.#noted === undefined) {
      const text = await unlessMissing(Deno.readTextFile(this.#options.path)).catch(() => undefined);
      this.#noted = text === undefined ? null : parse(text);
    }
    return this.#noted ?? undefined;
  }

  /** Writes one after another, as all write the same file. */
  #write(noted: Noted): Promise<void> {
    const { path } = this.#options;
    this.#noted = noted;
    return this.#writes = this.#writes.then(async () => {
      try {
        await Deno.writeTextFile(`${path}.part`, JSON.stringify(noted), { mode: 0o600 });
        await Deno.rename(`${path}.part`, path);
      } catch (error) {
        // A disk that cannot be written must not keep people from hearing of it.
        this.#log.warn("outage of the database not noted", { problem: messageOf(error) });
      }
    });
  }
}

/** A file that a crash has cut is none. */
function parse(text: string): Noted | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
