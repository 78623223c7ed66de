/**
 * Sends a message to a channel, whatever its type.
 *
 * @module
 */

import { redacted } from "./address_secrets.ts";
import type { Channel, ChannelType } from "./channel_schema.ts";
import { ChannelUnusableError, resolveChannel, type ValueSources } from "./channel_values.ts";
import { discordRequest, slackRequest, telegramRequest } from "./chat_requests.ts";
import type { ToRequest } from "./http_request.ts";
import { appriseRequest, ntfyRequest } from "./push_requests.ts";
import { sendHttp, type Sent } from "./send_http.ts";
import { sendMail } from "./send_mail.ts";
import { webhookRequest } from "./webhook_request.ts";
import type { Message } from "./message.ts";

/**
 * Sends a message.
 *
 * @param message The message.
 * @param channel The channel.
 * @param signal Cancels the call.
 * @returns How it ended; its problem holds no secret. Rejects only with the signal's reason.
 */
export type SendMessage = (message: Message, channel: Channel, signal: AbortSignal) => Promise<Sent>;

const REQUESTS: Readonly<Record<Exclude<ChannelType, "email">, ToRequest>> = {
  webhook: webhookRequest,
  slack: slackRequest,
  discord: discordRequest,
  telegram: telegramRequest,
  ntfy: ntfyRequest,
  apprise: appriseRequest,
};

/**
 * Creates the function that sends messages.
 *
 * @param sources Where references are resolved.
 */
export function channelSender(sources: ValueSources): SendMessage {
  return async (message, channel, signal) => {
    try {
      const { values, password, secrets } = await resolveChannel(channel, sources, signal);
      // A receiver may answer with what it was sent.
      const hide = (text: string) => redacted(text, secrets);
      const sent = channel.type === "email"
        ? await sendMail(message, { ...channel, password }, signal)
        : await sendHttp(REQUESTS[channel.type](message, values!, new Date()), signal, hide);
      return sent.isDelivered ? sent : { ...sent, problem: hide(sent.problem) };
    } catch (error) {
      if (!(error instanceof ChannelUnusableError)) throw error;
      // The operator may mend it.
      return { isDelivered: false, why: "down", problem: error.message };
    }
  };
}
