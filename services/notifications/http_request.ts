/**
 * The HTTP request that delivers a message to a receiver.
 *
 * @module
 */

import type { Message } from "./message.ts";

/** A POST request. */
export interface HttpRequest {
  /** Its address. May be a secret. */
  readonly url: string;
  /** Its headers, besides the content type. May hold a secret. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its body: JSON. */
  readonly body: string;
}

/** Settings of a channel with its secrets, as they are used now. */
export interface ChannelValues {
  /** Address of the receiver. */
  readonly url: string;
  /** Key that signs a webhook. */
  readonly secret?: string;
  /** Token of Telegram's bot, or of ntfy. */
  readonly token?: string;
  /** Chat of Telegram. */
  readonly chatId?: string;
  /** Thread in a chat of Telegram. */
  readonly threadId?: number;
  /** Topic of ntfy. */
  readonly topic?: string;
}

/** Writes the request of a message. Pure, but for the time in a signature. */
export type ToRequest = (message: Message, values: ChannelValues, now: Date) => HttpRequest;
