/**
 * Puts events into words for a channel: one event, or a digest of several.
 *
 * @module
 */

import { clipText } from "./clip_text.ts";
import type { Severity } from "./incidents.ts";
import type { NotificationEvent } from "./notification_event.ts";

/** A message to a channel. */
export interface Message {
  /** Stable: the same message sent again has the same id. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** Some lines; may be empty. */
  readonly text: string;
  /** The most urgent of the events' severities. */
  readonly severity: Severity;
  /** Whether all is well again. */
  readonly isGood: boolean;
  /** When the last of its events happened: RFC 3339, UTC. */
  readonly time: string;
  /** Its events, in order; at least one. */
  readonly events: readonly NotificationEvent[];
}

/** Most lines of a digest: more would not fit in a message of every receiver. */
const MAX_LINES = 20;

const URGENCY: readonly Severity[] = ["info", "warning", "critical"];
const MAX_LINE = 160;

/**
 * Makes the message of one or several events.
 *
 * @param events The events, in order; at least one. If there are many, a digest shows the most urgent ones.
 */
export function toMessage(events: readonly NotificationEvent[]): Message {
  const first = events[0]!;
  const last = events.at(-1)!;
  const isGood = events.every(({ state }) => state === "recovered");
  const severity = URGENCY[Math.max(...events.map((event) => URGENCY.indexOf(event.severity)))]!;
  const same = { severity, isGood, time: last.time, events };
  if (events.length === 1) return { ...same, id: first.id, title: first.title, text: textOf(first) };
  const bots = new Set(events.flatMap(({ bot }) => bot ?? []));
  const subject = bots.size === 0 ? "" : bots.size === 1 ? ` of ${[...bots][0]}` : ` of ${bots.size} bots`;
  return {
    ...same,
    id: `${first.id}+${events.length - 1}`,
    title: `${events.length} notifications${subject}`,
    text: digestOf(events),
  };
}

function digestOf(events: readonly NotificationEvent[]): string {
  const rank = ({ severity }: NotificationEvent) => URGENCY.indexOf(severity);
  const more = events.length - MAX_LINES;
  const shown = more > 0 ? events.toSorted((a, b) => rank(b) - rank(a)).slice(0, MAX_LINES) : events;
  const lines = shown.map(({ time, title }) => clipText(`${time.slice(11, 19)} ${title}`, MAX_LINE));
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join("\n");
}

function textOf({ state, text, since, time }: NotificationEvent): string {
  if (state !== "recovered" || since === undefined) return text;
  const began = `It had begun at ${since} and lasted ${duration(Date.parse(time) - Date.parse(since))}.`;
  return text === "" ? began : `${text}\n${began}`;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
