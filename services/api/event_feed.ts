/**
 * The events of bots and schedules, with the last ones for clients that come back.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { describeCondition, type RunningBot } from "../bots/bot_condition.ts";
import { describeBotEnd } from "../bots/describe_bot_end.ts";
import type { BotActivity } from "../bots/service_state.ts";
import { type BerthEvent, MAX_KEPT_EVENTS } from "../contract/events.ts";
import { isOpenRun, type RunRecord } from "../schedules/run_repository.ts";
import type { ScheduleChange } from "../schedules/schedule_state.ts";
import type { ApiParts } from "./api_parts.ts";

/** An event with its place in the feed. */
export interface FeedEvent {
  /** Names the event for `Last-Event-ID`. */
  readonly eventId: string;
  /** The event. */
  readonly event: BerthEvent;
}

/** Called with each event. Must return soon and not throw. */
export type FeedListener = (event: FeedEvent) => void;

/** The events that a client has missed. */
export interface MissedEvents {
  /** The events, the oldest first. */
  readonly events: readonly FeedEvent[];
  /** Why more may be missing; `undefined` if these are all. */
  readonly gap?: string;
}

/** Collects events. They come from the services by themselves: nothing is asked for them. */
export class EventFeed {
  readonly #clock: Clock;
  readonly #kept: FeedEvent[] = [];
  readonly #listeners = new Set<FeedListener>();
  /** Tells events of this process from those of an earlier one. */
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  #count = 0;
  /** The last sent condition of each bot. */
  readonly #conditions = new Map<string, string>();
  /** The last sent state of each open run. */
  readonly #runs = new Map<string, string>();

  /** @param parts The services and the clock. */
  constructor(
    { botService, scheduleService, clock }: Pick<ApiParts, "botService" | "scheduleService" | "clock">,
  ) {
    this.#clock = clock;
    botService?.state.subscribe((id, bot) => this.#onStatus(id, bot));
    botService?.state.subscribeActivity((activity) => this.#onActivity(activity));
    scheduleService?.state.subscribe((record) => this.#onRun(record));
    scheduleService?.state.subscribeChanges((change) => this.#onScheduleChange(change));
  }

  /**
   * Subscribes to events.
   *
   * @param listener Called with each event from now on.
   * @returns A function that unsubscribes it.
   */
  subscribe(listener: FeedListener): () => void {
    const own: FeedListener = (event) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /**
   * Returns the last events.
   *
   * @param count How many.
   */
  last(count: number): readonly FeedEvent[] {
    return count === 0 ? [] : this.#kept.slice(-count);
  }

  /**
   * Returns what came after an event.
   *
   * @param eventId The last event that the client has.
   */
  after(eventId: string): MissedEvents {
    const at = this.#kept.findLastIndex((kept) => kept.eventId === eventId);
    if (at >= 0) return { events: this.#kept.slice(at + 1) };
    const isOwn = eventId.startsWith(`${this.#epoch}-`);
    if (isOwn && eventId === `${this.#epoch}-0`) {
      const isComplete = this.#count <= this.#kept.length;
      return { events: this.last(MAX_KEPT_EVENTS), ...(!isComplete && { gap: TOO_OLD }) };
    }
    return { events: [], gap: isOwn ? TOO_OLD : "the service was restarted since" };
  }

  /** Names the place after the last event. */
  get position(): string {
    return `${this.#epoch}-${this.#count}`;
  }

  #publish(event: Omit<BerthEvent, "time"> & { readonly time?: string }): void {
    const time = event.time ?? new Date(this.#clock.now()).toISOString();
    const numbered = { eventId: `${this.#epoch}-${++this.#count}`, event: { ...event, time } };
    this.#kept.push(numbered);
    if (this.#kept.length > MAX_KEPT_EVENTS) this.#kept.shift();
    for (const listener of this.#listeners) listener(numbered);
  }

  #onStatus(id: string, bot: RunningBot | undefined): void {
    if (!bot) {
      if (!this.#conditions.delete(id)) return;
      return this.#publish({ type: "gone", kind: "bot", id, text: "gone" });
    }
    const { condition, attempt, containerId } = bot;
    const text = describeCondition(condition);
    if (this.#conditions.get(id) === text) return;
    this.#conditions.set(id, text);
    this.#publish({
      type: "condition",
      kind: "bot",
      id,
      text,
      state: condition.type,
      ...("until" in condition && condition.until && { until: condition.until.toISOString() }),
      ...(attempt !== undefined && { attempt }),
      ...(containerId !== undefined && { containerId }),
    });
  }

  #onActivity(activity: BotActivity): void {
    const { id, at, type } = activity;
    const common = { kind: "bot", id, type, time: at.toISOString() } as const;
    if (type === "document") return this.#publish({ ...common, ...ofChange(activity) });
    const { containerId, attempt } = activity;
    const container = { ...common, containerId, attempt };
    if (type === "started") {
      const text = attempt === 1 ? "started" : `started (start ${attempt} in a row)`;
      return this.#publish({ ...container, text });
    }
    const { exit } = activity;
    const end = describeBotEnd(activity);
    const text = type === "exited" ? `exited: ${end}` : end;
    this.#publish({ ...container, text, ...(exit.exitCode !== undefined && { exitCode: exit.exitCode }) });
  }

  #onRun(record: RunRecord): void {
    const { id, scheduleId, state, attempt, reason, exitCode, version } = record;
    const known = `${state} ${attempt}`;
    if (this.#runs.get(id) === known) return;
    if (isOpenRun(record)) this.#runs.set(id, known);
    else this.#runs.delete(id);
    this.#publish({
      type: "run",
      kind: "schedule",
      id: scheduleId,
      run: id,
      state,
      attempt,
      text: `run ${id} ${state}${reason ? `: ${reason}` : ""}`,
      ...(exitCode !== undefined && { exitCode }),
      ...(version !== undefined && { version }),
    });
  }

  #onScheduleChange({ id, ...change }: ScheduleChange): void {
    this.#publish({ type: "document", kind: "schedule", id, ...ofChange(change) });
  }
}

const TOO_OLD = "the events since then are not kept any more";

function ofChange(
  { change, version }: Omit<ScheduleChange, "id">,
): Pick<BerthEvent, "change" | "text" | "version"> {
  const done = change === "deleted" ? "removed" : change;
  return {
    change,
    text: `document ${done}${version === undefined ? "" : ` (version ${version})`}`,
    ...(version !== undefined && { version }),
  };
}
