/**
 * Writes the requests for chats: Slack, Discord and Telegram. Strings of bots are text there: no markup, no mentions.
 *
 * @module
 */

import type { Message } from "./message.ts";
import type { ToRequest } from "./http_request.ts";

/** Longest texts that the receivers take, in characters. */
const MAX = { slack: 2900, discord: 4000, telegram: 4000 } as const;
/** Colours of Discord's side bar. */
const COLORS = { good: 0x2e9e5b, info: 0x4a7fd0, warning: 0xd9a514, critical: 0xd03b3b } as const;

/** For an incoming webhook of Slack, or a receiver that takes the same. */
export const slackRequest: ToRequest = (message, { url }) => {
  const title = `${signOf(message)} ${message.title}`;
  const blocks = [title, message.text].filter((text) => text !== "").map((text) => ({
    type: "section",
    text: { type: "plain_text", text: clipped(text, MAX.slack), emoji: false },
  }));
  // The text is what a notification of the phone shows; there, Slack would read markup.
  return { url, body: JSON.stringify({ text: escapeSlack(title), blocks }) };
};

/** For a webhook of Discord. */
export const discordRequest: ToRequest = (message, { url }) => {
  const { title, text, isGood, severity, time } = message;
  const embed = {
    title: escapeMarkdown(clipped(title, 250)),
    ...(text !== "" && { description: clipped(escapeMarkdown(text), MAX.discord) }),
    color: COLORS[isGood ? "good" : severity],
    timestamp: time,
  };
  // Without allowed mentions, a bot that prints @everyone calls nobody.
  return { url, body: JSON.stringify({ embeds: [embed], allowed_mentions: { parse: [] } }) };
};

/** For the bot interface of Telegram. Without a parse mode, all of it is text. */
export const telegramRequest: ToRequest = (message, { url, token = "", chatId = "", threadId }) => {
  const text = [`${signOf(message)} ${message.title}`, message.text].filter((part) => part !== "").join("\n");
  return {
    url: `${url.endsWith("/") ? url.slice(0, -1) : url}/bot${token}/sendMessage`,
    body: JSON.stringify({
      chat_id: chatId,
      text: clipped(text, MAX.telegram),
      link_preview_options: { is_disabled: true },
      ...(threadId !== undefined && { message_thread_id: threadId }),
    }),
  };
};

/** A sign that is seen in a list of messages, also without colours. */
function signOf({ isGood, severity }: Message): string {
  if (isGood) return "✅";
  return severity === "critical" ? "🔴" : severity === "warning" ? "⚠️" : "ℹ️";
}

function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_~`|>#[\]()-]/g, "\\$&");
}

function clipped(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}
