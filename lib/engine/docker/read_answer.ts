/**
 * Reads whole answers of the Docker Engine.
 *
 * @module
 */

import { toRefusal } from "./dockerode_errors.ts";

/** An answer that has begun. */
export interface BegunAnswer {
  /** The purpose of the request, as a clause that follows "Cannot". */
  readonly what: string;
  /** HTTP status. */
  readonly status: number;
  /** The body as it arrives. */
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Reads an answer as JSON.
 *
 * @returns The value; `undefined` if the answer is empty.
 * @throws {EngineError} If it is not JSON, or too long.
 */
export async function readJson(answer: BegunAnswer): Promise<unknown> {
  const text = await readText(answer);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw toRefusal(answer.what, answer.status, `its answer is not JSON (${(cause as Error).message})`);
  }
}

/** Reads the engine's message from a refusal. */
export async function readMessage(answer: BegunAnswer): Promise<string> {
  const text = (await readText(answer)).trim();
  try {
    const { message } = JSON.parse(text);
    return typeof message === "string" ? message.trim() : text;
  } catch {
    return text || "(no message)";
  }
}

async function readText({ what, status, body }: BegunAnswer): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw toRefusal(what, status, "its answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
