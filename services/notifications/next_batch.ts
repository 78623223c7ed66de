/**
 * Decides what a channel is told next: pure, so that time is a parameter.
 *
 * @module
 */

import type { Channel } from "./channel_schema.ts";
import { MAX_DIGEST } from "./message.ts";
import type { NotificationEvent } from "./notification_event.ts";
import type { Delivery } from "./outbox.ts";

/** A message that was sent to a channel. */
export interface SentMessage {
  /** When, in ms since the epoch. */
  readonly at: number;
  /** Bot and kind of each of its events. */
  readonly subjects: readonly string[];
}

/** How a channel limits what it is told. */
export interface Pace {
  /** Within this time, in ms, a bot and kind is told of twice: that it began, and that it has recovered. 0: no limit. */
  readonly cooldownMs: number;
  /** Within a minute, this many messages come one by one; the others come as a digest. 0: no limit. */
  readonly digestAfter: number;
}

/** What to do now: send these together, or look again after a while. */
export type NextBatch = { readonly batch: readonly Delivery[] } | { readonly waitMs: number };

/** Messages for people; a program gets each event by itself. */
const FOR_PEOPLE: Pace = { cooldownMs: 300_000, digestAfter: 5 };
const FOR_PROGRAMS: Pace = { cooldownMs: 0, digestAfter: 0 };
const MINUTE_MS = 60_000;

/**
 * Reads how a channel limits what it is told.
 *
 * @param channel The channel.
 */
export function paceOf({ type, cooldown_seconds, digest_after }: Channel): Pace {
  const pace = type === "webhook" ? FOR_PROGRAMS : FOR_PEOPLE;
  return {
    cooldownMs: cooldown_seconds === undefined ? pace.cooldownMs : cooldown_seconds * 1000,
    digestAfter: digest_after ?? pace.digestAfter,
  };
}

/**
 * Chooses what is sent next.
 *
 * @param waiting What waits for the channel, in the order of the events.
 * @param sent What it was sent within the cool-down, and at least within a minute.
 * @param pace See {@linkcode Pace}.
 * @param now The time, in ms since the epoch.
 */
export function nextBatch(
  waiting: readonly Delivery[],
  sent: readonly SentMessage[],
  { cooldownMs, digestAfter }: Pace,
  now: number,
): NextBatch {
  let waitMs = Infinity;
  const ready: Delivery[] = [];
  for (const delivery of waiting) {
    const coolsUntil = cooledDown(delivery.event, sent, cooldownMs, now);
    const dueAt = Math.max(delivery.dueAt, coolsUntil);
    if (dueAt <= now) ready.push(delivery);
    else waitMs = Math.min(waitMs, dueAt - now);
  }
  if (ready.length === 0) return { waitMs };
  if (digestAfter === 0) return { batch: ready.slice(0, 1) };
  const recent = sent.filter(({ at }) => at > now - MINUTE_MS);
  const left = digestAfter - recent.length;
  // A digest is sent at most once a minute, too.
  if (left <= 0) {
    return { waitMs: Math.min(waitMs, recent[recent.length - digestAfter]!.at + MINUTE_MS - now) };
  }
  return { batch: ready.length > left ? ready.slice(0, MAX_DIGEST) : ready.slice(0, 1) };
}

/** @returns When an event may be sent, in ms since the epoch: what was sent twice waits for the end of the cool-down. */
function cooledDown(
  event: NotificationEvent,
  sent: readonly SentMessage[],
  cooldownMs: number,
  now: number,
): number {
  if (cooldownMs === 0) return 0;
  const subject = subjectOf(event);
  const times = sent.filter(({ at, subjects }) => at > now - cooldownMs && subjects.includes(subject));
  return times.length < 2 ? 0 : times[0]!.at + cooldownMs;
}

/**
 * Names what an event is about: bot and kind.
 *
 * @param event The event.
 */
export function subjectOf({ kind, bot = "" }: NotificationEvent): string {
  return `${kind}/${bot}`;
}
