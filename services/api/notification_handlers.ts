/**
 * Handles the operations on notifications.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import type { ShownDelivery } from "../contract/notifications.ts";
import type { SendMessage } from "../notifications/channel_sender.ts";
import { shownHost } from "../notifications/channel_values.ts";
import type { ChannelsFile } from "../notifications/channels_file.ts";
import { toMessage } from "../notifications/message.ts";
import { testEvent } from "../notifications/notification_event.ts";
import type { Notifications } from "../notifications/notifications.ts";
import { type Delivery, Outbox } from "../notifications/outbox.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Handlers } from "./handlers.ts";

type NotificationOperation = "getNotifications" | "listDeliveries" | "testChannel";

/** The part of the notifications that the API uses. */
export interface NotificationsPort {
  /** The channels. */
  readonly file: Pick<ChannelsFile, "path" | "read">;
  /** Sends a message. */
  readonly send: SendMessage;
  /** The notifications of the services that this process serves. */
  readonly served: readonly Pick<Notifications, "outbox" | "deliverer" | "incidents">[];
}

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function notificationHandlers(
  { notifications, records, clock, settings }: Pick<ApiParts, "notifications" | "records" | "settings"> & {
    readonly clock: Clock;
  },
): Handlers<NotificationOperation> {
  const { file, send, served } = notifications;
  return {
    async getNotifications() {
      const { channels, alerts, problems } = await file.read();
      return {
        body: {
          file: file.path,
          problems: [...problems],
          channels: channels.map((channel) => {
            const { name, type, events, bots } = channel;
            const host = shownHost(channel);
            const problem = served.map(({ deliverer }) => deliverer.problemOf(name)).find((one) => one);
            const waiting = served.reduce((sum, { outbox }) => sum + outbox.waitingFor(name).length, 0);
            return {
              name,
              type,
              waiting,
              ...(host !== undefined && { host }),
              ...(events && { events }),
              ...(bots && { bots }),
              ...(problem !== undefined && { problem }),
            };
          }),
          alerts: alerts.map(({ name, pattern, bots, stream, cooldown_seconds }) => ({
            name,
            pattern,
            cooldownSeconds: cooldown_seconds,
            ...(bots && { bots }),
            ...(stream && { stream }),
          })),
          open: served.flatMap(({ incidents }) => incidents.list()).map((
            { kind, bot, guard, severity, time, title, text },
          ) => ({
            kind,
            ...(bot !== undefined && { bot }),
            ...(guard !== undefined && { guard }),
            severity,
            since: time,
            title,
            text,
          })),
        },
      };
    },

    async listDeliveries({ query: { limit, cursor }, signal }) {
      const after = cursor === undefined ? undefined : checked(cursor);
      const waiting = after === undefined ? served.flatMap(({ outbox }) => outbox.allWaiting()) : [];
      const first = waiting.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
      const past = await new Outbox(records, "").past({
        limit: limit + 1,
        signal,
        ...(after !== undefined && { after }),
      });
      const shown = past.slice(0, limit);
      return {
        body: {
          deliveries: [
            ...first.map((one): ShownDelivery => toShown(one, "waiting")),
            ...shown.map((one): ShownDelivery => ({
              ...toShown(one, one.outcome),
              endedAt: new Date(one.endedAt).toISOString(),
            })),
          ],
          ...(past.length > limit && { next: shown.at(-1)!.id }),
        },
      };
    },

    async testChannel({ params: { name }, caller, signal }) {
      const channel = (await file.read()).channels.find((one) => one.name === name);
      if (!channel) throw notFound("channel", name);
      const source = { instance: settings.instance, now: clock.now(), suffix: orderedSuffix() };
      const sent = await send(toMessage([testEvent(caller.name, source)]), channel, signal);
      return {
        body: {
          isDelivered: sent.isDelivered,
          ...(!sent.isDelivered && { problem: sent.problem }),
        },
      };
    },
  };
}

function checked(cursor: string): string {
  if (/^[\x20-\x7e]{1,300}$/.test(cursor)) return cursor;
  throw new ApiProblem(400, "request/invalid", "The cursor is not one that a page has given.", {
    issues: [{ path: "query.cursor", message: "must be `next` of the page before" }],
  });
}

function toShown(
  { id, channel, attempts, problem, event }: Omit<Delivery, "dueAt" | "createdAt">,
  outcome: ShownDelivery["outcome"],
): ShownDelivery {
  const { instance: _instance, channels: _channels, ...shown } = event;
  return { id, channel, outcome, attempts, event: shown, ...(problem !== undefined && { problem }) };
}
