/**
 * Decides which channels get an event.
 *
 * @module
 */

import type { Channel } from "./channel_schema.ts";
import { matchesGlob } from "./glob.ts";
import type { NotificationEvent } from "./notification_event.ts";

/** Labels of a bot. */
type Labels = Readonly<Record<string, string>>;

/**
 * Tells whether a channel gets an event.
 *
 * @param channel The channel.
 * @param event The event. One that names channels goes to these.
 * @param labels Labels of its bot.
 */
export function takesEvent(
  { name, events, bots }: Pick<Channel, "name" | "events" | "bots">,
  event: Pick<NotificationEvent, "kind" | "bot" | "channels">,
  labels: Labels,
): boolean {
  if (event.channels) return event.channels.includes(name);
  const isOfKind = events?.some((pattern) => matchesGlob(pattern, event.kind)) ?? true;
  return isOfKind && (bots === undefined || (event.bot !== undefined && matchesBot(bots, event.bot, labels)));
}

/**
 * Tells whether a bot is one of those that patterns name: by its id, or as `label=value` by a label.
 *
 * @param patterns The patterns, in which `*` stands for any characters.
 * @param bot Id of the bot.
 * @param labels Its labels.
 */
export function matchesBot(patterns: readonly string[], bot: string, labels: Labels): boolean {
  return patterns.some((pattern) => {
    // An id has no such sign.
    const equals = pattern.indexOf("=");
    if (equals === -1) return matchesGlob(pattern, bot);
    const name = pattern.slice(0, equals);
    return Object.hasOwn(labels, name) && matchesGlob(pattern.slice(equals + 1), labels[name]!);
  });
}
