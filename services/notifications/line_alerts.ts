/**
 * Notifies people of lines that match the alerts of `channels.yaml`, and of lines that were lost.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { FoundLine } from "../../lib/logs/line_scanner.ts";
import { LineScanner } from "../../lib/logs/line_scanner.ts";
import type { ListenedContainer, LogGap, LogListener } from "../../lib/logs/log_listener.ts";
import { SearchWorkers } from "../../lib/logs/search_workers.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { matchesBot } from "./channel_route.ts";
import type { Alert } from "./channel_schema.ts";
import type { ChannelsFile } from "./channels_file.ts";
import type { Incidents } from "./incidents.ts";

/** Dependencies of {@linkcode LineAlerts}. */
export interface LineAlertsOptions {
  /** The alerts. */
  readonly file: Pick<ChannelsFile, "known">;
  /** Notifies people. */
  readonly incidents: Pick<Incidents, "notify">;
  /** Reads the labels of a bot or a schedule. */
  readonly labelsOf: (bot: string) => Promise<Readonly<Record<string, string>> | undefined>;
  /** The clock. */
  readonly clock: Clock;
}

/** Up to here, bytes times alerts are searched at once; more goes to a thread, so that no expression holds the service up. */
const MAX_INLINE_BYTES = 16 * 1024;
/** How long a thread is kept while nothing is searched, in ms. */
const IDLE_MS = 30_000;
/** How long the storing of lines waits for a search, and for the database to take an alert, in ms. */
const SEARCH_WAIT_MS = 5_000;
const STORE_WAIT_MS = 2_000;
/** Losses of a bot within this time are reported once, in ms. */
const LOST_COOLDOWN_MS = 300_000;

/** Sees every line on its way into the stored log. Without alerts, it does nothing with them. */
export class LineAlerts implements LogListener, Disposable {
  readonly #options: LineAlertsOptions;
  readonly #workers = new SearchWorkers(IDLE_MS);
  readonly #scanners = new WeakMap<Alert, LineScanner>();
  /** Per alert and bot, when the next may be sent, in ms of the monotonic clock. */
  readonly #coolUntil = new Map<string, number>();
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode LineAlertsOptions}. */
  constructor(options: LineAlertsOptions) {
    this.#options = options;
  }

  /** {@inheritDoc LogListener.beforeStored} */
  beforeStored(container: ListenedContainer, bytes: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    const { alerts } = this.#options.file.known;
    const awake = alerts.filter(({ name }) => !this.#isCooling(`${name}/${container.id}`));
    if (awake.length === 0) return undefined;
    const searched = this.#search(container, bytes, awake).catch((error) => {
      this.#log.warn("alerts not searched", { id: container.id, problem: messageOf(error) });
    });
    return settledWithin(searched, SEARCH_WAIT_MS, this.#options.clock).then((isDone) => {
      if (!isDone) this.#log.warn("alerts take long; lines are stored meanwhile", { id: container.id });
    });
  }

  /** {@inheritDoc LogListener.lost} */
  lost({ id, containerId }: ListenedContainer, { time, text }: LogGap): void {
    const key = `lost/${id}`;
    if (this.#isCooling(key)) return;
    this.#cool(key, LOST_COOLDOWN_MS);
    void this.#options.incidents.notify({
      kind: "logs.lost",
      bot: id,
      severity: "warning",
      title: "lines of its log are lost",
      text: `${text.charAt(0).toUpperCase()}${text.slice(1)}`,
      identity: `${containerId} ${time}`,
      at: new Date(time),
    });
  }

  /** Ends its threads. */
  [Symbol.dispose](): void {
    this.#workers[Symbol.dispose]();
  }

  async #search(
    container: ListenedContainer,
    bytes: Uint8Array<ArrayBuffer>,
    alerts: readonly Alert[],
  ): Promise<void> {
    const { id } = container;
    const needsLabels = alerts.some(({ bots }) => bots?.some((pattern) => pattern.includes("=")));
    const labels = needsLabels ? await this.#options.labelsOf(id) ?? {} : {};
    const own = alerts.filter(({ bots }) => bots === undefined || matchesBot(bots, id, labels));
    const isSmall = bytes.length * own.length <= MAX_INLINE_BYTES;
    for (const alert of own) {
      const found = isSmall ? this.#scan(alert, bytes) : await this.#scanInThread(alert, bytes);
      const matching = found.filter(({ stream }) =>
        stream !== "berth" && (alert.stream === undefined || stream === alert.stream)
      );
      if (matching.length > 0) await this.#notify(container, alert, matching);
    }
  }

  #scan(alert: Alert, bytes: Uint8Array<ArrayBuffer>): readonly FoundLine[] {
    const scanner = this.#scanners.get(alert) ?? new LineScanner({ regex: alert.pattern });
    this.#scanners.set(alert, scanner);
    return scanner.scan(bytes, true).found;
  }

  async #scanInThread({ pattern }: Alert, bytes: Uint8Array<ArrayBuffer>): Promise<readonly FoundLine[]> {
    using taken = this.#workers.take(1);
    const found: FoundLine[] = [];
    // The thread gets a copy: these bytes are stored afterwards.
    const body = new Blob([bytes]).stream();
    for await (const reply of taken.workers[0]!.search(body, { regex: pattern }, 0)) {
      found.push(...reply.found);
    }
    return found;
  }

  async #notify(
    { id, containerId }: ListenedContainer,
    { name, pattern, severity, cooldown_seconds, channels }: Alert,
    [first, ...more]: readonly FoundLine[],
  ): Promise<void> {
    const { incidents, clock } = this.#options;
    this.#cool(`${name}/${id}`, cooldown_seconds * 1000);
    const { time, text } = first!;
    const others = more.length === 0 ? "" : `\n${more.length} more lines match.`;
    const stored = incidents.notify({
      kind: "log.pattern",
      bot: id,
      severity,
      title: `its log matches '${name}'`,
      text: `${text.slice(0, 1000)}${others}\nPattern: ${pattern.slice(0, 200)}`,
      identity: `${name} ${containerId} ${time} ${text.slice(0, 200)}`,
      at: new Date(time),
      ...(channels && { channels }),
    });
    await settledWithin(stored, STORE_WAIT_MS, clock);
  }

  #isCooling(key: string): boolean {
    return (this.#coolUntil.get(key) ?? -Infinity) > this.#options.clock.monotonic();
  }

  #cool(key: string, ms: number): void {
    const now = this.#options.clock.monotonic();
    for (const [each, until] of this.#coolUntil) if (until <= now) this.#coolUntil.delete(each);
    this.#coolUntil.set(key, now + ms);
  }
}
