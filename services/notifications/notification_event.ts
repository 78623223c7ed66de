/**
 * One notification event, as it is stored and as programs receive it.
 *
 * @module
 */

import { clipText } from "./clip_text.ts";
import type { Happening, Incident, IncidentKind, Severity } from "./incidents.ts";

/** An event. Programs receive it as JSON. */
export interface NotificationEvent {
  /** Unique and stable: an event that arrives twice has the same id. Begins with its time. */
  readonly id: string;
  /** When it happened: RFC 3339, UTC. */
  readonly time: string;
  /** Its kind. */
  readonly kind: IncidentKind | "test";
  /** Whether an incident began or ended, or something happened once. */
  readonly state: "opened" | "recovered" | "happened";
  /** How urgent it is. */
  readonly severity: Severity;
  /** Id of the bot or the schedule; absent if it concerns the service. */
  readonly bot?: string;
  /** Name of the guard that has tripped; absent for other kinds. */
  readonly guard?: string;
  /** Name of the service's instance. */
  readonly instance: string;
  /** One line that says which bot it is and what is wrong. */
  readonly title: string;
  /** Further details; may be empty. */
  readonly text: string;
  /** When the incident began: RFC 3339, UTC. Only if it has recovered. */
  readonly since?: string;
  /** Names of the channels that it goes to; absent: those whose routes match. */
  readonly channels?: readonly string[];
}

/** The common fields of one service's events. */
export interface EventSource {
  /** Name of the service's instance. */
  readonly instance: string;
  /** The time, in ms since the epoch. */
  readonly now: number;
  /** Tells the events of a millisecond apart, and keeps their order. */
  readonly suffix: string;
}

/** Longest title and text, in characters. */
const MAX_TITLE = 200;
const MAX_TEXT = 2000;

/**
 * Makes the event of an incident that begins.
 *
 * @param incident The incident.
 * @param source See {@linkcode EventSource}.
 */
export function openedEvent(incident: Incident, source: EventSource): NotificationEvent {
  return toEvent(incident, "opened", source, source.suffix);
}

/**
 * Makes the event of an incident that has ended.
 *
 * @param opened The event of its beginning.
 * @param text A description of the end.
 * @param source See {@linkcode EventSource}.
 */
export function recoveredEvent(
  { kind, bot, guard, title, time }: NotificationEvent,
  text: string,
  source: EventSource,
): NotificationEvent {
  const { instance, now, suffix } = source;
  return {
    id: `${timePart(now)}-${suffix}`,
    time: new Date(now).toISOString(),
    kind,
    state: "recovered",
    severity: "info",
    ...(bot !== undefined && { bot }),
    ...(guard !== undefined && { guard }),
    instance,
    title: clipped(`Recovered: ${title}`, MAX_TITLE),
    text: clipped(text, MAX_TEXT),
    since: time,
  };
}

/**
 * Makes the event of something that happened once. The same happening makes the same id.
 *
 * @param happening The event that happened.
 * @param source See {@linkcode EventSource}.
 */
export async function happenedEvent(happening: Happening, source: EventSource): Promise<NotificationEvent> {
  const { kind, bot = "", identity, at, channels } = happening;
  const bytes = new TextEncoder().encode(JSON.stringify([kind, bot, identity]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
  const now = at?.getTime() ?? source.now;
  return { ...toEvent(happening, "happened", { ...source, now }, hash), ...(channels && { channels }) };
}

/**
 * Makes the event of a test message.
 *
 * @param who The sender.
 * @param source See {@linkcode EventSource}.
 */
export function testEvent(who: string, { instance, now, suffix }: EventSource): NotificationEvent {
  return {
    id: `${timePart(now)}-${suffix}`,
    time: new Date(now).toISOString(),
    kind: "test",
    state: "happened",
    severity: "info",
    instance,
    title: "Test of Berth's notifications",
    text: clipped(`Sent by ${who} on the instance '${instance}'. Nothing is wrong.`, MAX_TEXT),
  };
}

/**
 * Returns the smallest id of an event of a time.
 *
 * @param now The time, in ms since the epoch.
 */
export function timePart(now: number): string {
  return new Date(now).toISOString().replace(/[-:.]/g, "");
}

function toEvent(
  { kind, bot, guard, severity, title, text }: Incident,
  state: NotificationEvent["state"],
  { instance, now }: EventSource,
  suffix: string,
): NotificationEvent {
  return {
    id: `${timePart(now)}-${suffix}`,
    time: new Date(now).toISOString(),
    kind,
    state,
    severity,
    ...(bot !== undefined && { bot }),
    ...(guard !== undefined && { guard }),
    instance,
    title: clipped(bot === undefined ? title : `${bot}: ${title}`, MAX_TITLE),
    text: clipped(text, MAX_TEXT),
  };
}

/** Control characters would change what a terminal or a chat shows. */
function clipped(text: string, max: number): string {
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replace(/[\x00-\x09\x0b-\x1f\x7f]/g, " ").trim();
  return clipText(plain, max);
}
