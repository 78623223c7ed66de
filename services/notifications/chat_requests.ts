/**
 * Writes the requests for chats: Slack, Discord and Telegram. Strings of bots are text there: no markup, no mentions.
 *
 * @module
 */

import { clipText } from "./clip_text.ts";
import type { Message } from "./message.ts";
import type { ToRequest } from "./http_request.ts";

/** Longest texts that the receivers take, in UTF-16 code units. All of a Discord embed together may have 6000. */
const MAX = { slack: 3000, discordTitle: 256, discord: 4096, telegram: 4096 } as const;
/** Colours of Discord's side bar. */
const COLORS = { good: 0x2e9e5b, info: 0x4a7fd0, warning: 0xd9a514, critical: 0xd03b3b } as const;

/** For an incoming webhook of Slack, or a receiver that takes the same. */
export const slackRequest: ToRequest = (message, { url }) => {
  const title = `${signOf(message)} ${message.title}`;
  const blocks = [title, message.text].filter((text) => text !== "").map((text) => ({
    type: "section",
    text: { type: "plain_text", text: clipText(text, MAX.slack), emoji: false },
  }));
  // The text is what a notification of the phone shows; there, Slack would read markup.
  return { url, body: JSON.stringify({ text: escapeSlack(title), blocks }) };
};

/** For a webhook of Discord. */
export const discordRequest: ToRequest = (message, { url }) => {
  const { title, text, isGood, severity, time } = message;
  const embed = {
    title: clipText(title, MAX.discordTitle, escapeMarkdown),
    ...(text !== "" && { description: clipText(text, MAX.discord, escapeMarkdown) }),
    color: COLORS[isGood ? "good" : severity],
    timestamp: time,
  };
  // Without allowed mentions, a bot that prints @everyone calls nobody.
  return { url, body: JSON.stringify({ embeds: [embed], allowed_mentions: { parse: [] } }) };
};

/**
 * For the bot interface of Telegram. There is no parse mode, so markup is text; within `pre`, Telegram makes neither
 * mentions nor links.
 */
export const telegramRequest: ToRequest = (message, { url, token = "", chatId = "", threadId }) => {
  const title = `${signOf(message)} ${message.title}`;
  const text = clipText([title, message.text].filter((part) => part !== "").join("\n"), MAX.telegram);
  const offset = title.length + 1;
  const hasText = text.length > offset;
  return {
    url: `${url.endsWith("/") ? url.slice(0, -1) : url}/bot${token}/sendMessage`,
    body: JSON.stringify({
      chat_id: chatId,
      text,
      ...(hasText && { entities: [{ type: "pre", offset, length: text.length - offset }] }),
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

function escapeMarkdown(character: string): string {
  return "\\*_~`|>#[]()-<@".includes(character) ? `\\${character}` : character;
}
