/**
 * Decides what is sent to a channel next. Pure: time is a parameter.
 *
 * @module
 */

import type { Channel } from "./channel_schema.ts";
import { toKeyText } from "./incident_key.ts";
import type { IncidentKey } from "./incidents.ts";
import type { NotificationEvent } from "./notification_event.ts";
import type { Delivery } from "./outbox.ts";

/** A message that was sent to a channel. */
export interface SentMessage {
  /** When, in ms since the epoch. */
  readonly at: number;
  /** The subject of each of its events, see {@linkcode subjectOf}. */
  readonly subjects: readonly string[];
}

/** How often a channel gets messages. */
export interface Pace {
  /** Within this time, in ms, a bot and kind, or a guard, gets two messages: that it began, and that it has recovered. 0: no limit. */
  readonly cooldownMs: number;
  /** Within a minute, this many messages come one by one; the others come as a digest. 0: no limit. */
  readonly digestAfter: number;
  /** Most events of one digest. */
  readonly digestSize: number;
}

/** The next step: to send these together, or to look again after a while. */
export type NextBatch = { readonly batch: readonly Delivery[] } | { readonly waitMs: number };

/** Messages for people, who read the start of a digest; a program gets each event by itself, and a digest in full. */
const FOR_PEOPLE: Pace = { cooldownMs: 300_000, digestAfter: 5, digestSize: 1000 };
const FOR_PROGRAMS: Pace = { cooldownMs: 0, digestAfter: 0, digestSize: 20 };
const MINUTE_MS = 60_000;

/**
 * Reads how often a channel gets messages.
 *
 * @param channel The channel.
 */
export function paceOf({ type, cooldown_seconds, digest_after }: Channel): Pace {
  const pace = type === "webhook" ? FOR_PROGRAMS : FOR_PEOPLE;
  return {
    cooldownMs: cooldown_seconds === undefined ? pace.cooldownMs : cooldown_seconds * 1000,
    digestAfter: digest_after ?? pace.digestAfter,
    digestSize: pace.digestSize,
  };
}

/**
 * Chooses what is sent next.
 *
 * @param waiting The events that wait for the channel, in the order of the events.
 * @param sent The commands that it was sent within the cool-down, and at least within a minute.
 * @param pace See {@linkcode Pace}.
 * @param now The time, in ms since the epoch.
 */
export function nextBatch(
  waiting: readonly Delivery[],
  sent: readonly SentMessage[],
  { cooldownMs, digestAfter, digestSize }: Pace,
  now: number,
): NextBatch {
  const recent = digestAfter === 0 ? [] : sent.filter(({ at }) => at > now - MINUTE_MS);
  const left = digestAfter - recent.length;
  // A digest is sent at most once a minute, too. Looked at first: much may wait.
  if (digestAfter > 0 && left <= 0) {
    return { waitMs: recent[recent.length - digestAfter]!.at + MINUTE_MS - now };
  }
  let waitMs = Infinity;
  const ready: Delivery[] = [];
  const cooling = coolingUntil(sent, cooldownMs, now);
  for (const delivery of waiting) {
    const dueAt = Math.max(delivery.dueAt, cooling.get(subjectOf(delivery.event)) ?? 0);
    if (dueAt > now) waitMs = Math.min(waitMs, dueAt - now);
    else if (digestAfter === 0) return { batch: [delivery] };
    else if (ready.push(delivery) === digestSize) break;
  }
  if (ready.length === 0) return { waitMs };
  return { batch: ready.length > left ? ready : ready.slice(0, 1) };
}

/**
 * A message that was sent twice waits for the end of the cool-down.
 *
 * @returns When its events may be sent again, in ms since the epoch, by subject.
 */
function coolingUntil(sent: readonly SentMessage[], cooldownMs: number, now: number): Map<string, number> {
  const first = new Map<string, number>();
  const cooling = new Map<string, number>();
  for (const { at, subjects } of sent) {
    if (at <= now - cooldownMs) continue;
    for (const subject of new Set(subjects)) {
      const firstAt = first.get(subject);
      if (firstAt === undefined) first.set(subject, at);
      else cooling.set(subject, firstAt + cooldownMs);
    }
  }
  return cooling;
}

/**
 * Names what an event is about: kind, bot and guard.
 *
 * @param event The event.
 */
export function subjectOf(event: NotificationEvent): string {
  return toKeyText(event as IncidentKey);
}
