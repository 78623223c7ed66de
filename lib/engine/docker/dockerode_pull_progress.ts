/**
 * Reads the Docker Engine's report of a pull: one JSON object a line, also for errors.
 *
 * @module
 */

import type { PullProgress } from "../container_orchestrator.ts";
import { parseImageReference } from "../image_reference.ts";
import { type ImageProblem, ImageUnavailableError } from "../../errors.ts";

/** One line of the report. */
interface ProgressLine {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/** Limit on a line of a report. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

// The first match wins. An unreachable registry shows in the message of the engine's HTTP client.
const PROBLEMS: readonly (readonly [ImageProblem, RegExp])[] = [
  [
    "unreachable",
    /dial tcp|no such host|timeout|timed out|connection (refused|reset)|unreachable|deadline exceeded|\bEOF\b|HTTP status: 5\d\d|server gave HTTP response|certificate|tls:/i,
  ],
  ["not-found", /manifest unknown|not found|does not exist|name unknown|no such image/i],
];

const ASKS_LOGIN = /unauthorized|authentication required|denied|forbidden|no basic auth|docker login/i;

const ADVICE: Readonly<Record<ImageProblem, string>> = {
  "not-found": "the registry has no such image. Correct its name or tag, or build it on this host",
  unreachable:
    "the registry does not answer. Check the network of this host, or load the image with `docker load`",
  refused: "it was refused",
};

/**
 * Splits an image's reference into the parameters of the engine's pull call.
 *
 * @param image The reference.
 * @returns `fromImage` and `tag`. The tag is `latest` by default: without a tag, the engine would pull all of them.
 */
export function toPullQuery(image: string): { fromImage: string; tag: string } {
  const { name, tag, digest } = parseImageReference(image);
  return { fromImage: name, tag: digest ?? tag ?? "latest" };
}

/**
 * Reads a report.
 *
 * @param image The image's reference.
 * @param chunks The report as it comes.
 * @param login Advice if the registry asks for credentials.
 * @returns The steps of the pull.
 * @throws {ImageUnavailableError} If the pull failed, or its report cannot be read.
 */
export async function* readPullProgress(
  image: string,
  chunks: AsyncIterable<Uint8Array>,
  login?: string,
): AsyncGenerator<PullProgress> {
  for await (const text of lines(chunks)) {
    const line = parseLine(image, text);
    const error = line.errorDetail?.message ?? line.error;
    if (error !== undefined) throw toImageError(image, error, { login });
    const { current, total } = line.progressDetail ?? {};
    yield {
      ...(line.id !== undefined && { layer: line.id }),
      status: line.status ?? "",
      ...(current !== undefined && { currentBytes: current }),
      ...(total !== undefined && { totalBytes: total }),
    };
  }
}

/** Options of {@linkcode toImageError}. */
export interface ImageErrorOptions extends ErrorOptions {
  /** The attempted action. @default {"pull"} */
  readonly action?: "pull" | "find";
  /** Advice if the registry asks for credentials. */
  readonly login?: string | undefined;
}

/**
 * Creates the error of a call to a registry that failed. Derives its reason from the engine's message.
 *
 * @param image The image's reference.
 * @param engineMessage Message of the engine.
 * @param options See {@linkcode ImageErrorOptions}.
 */
export function toImageError(
  image: string,
  engineMessage: string,
  { action = "pull", login, ...options }: ImageErrorOptions = {},
): ImageUnavailableError {
  const reason = PROBLEMS.find(([, pattern]) => pattern.test(engineMessage))?.[0] ?? "refused";
  // Registries hide whether a private image exists.
  const asksLogin = login !== undefined && reason !== "unreachable" && ASKS_LOGIN.test(engineMessage);
  const message = `Cannot ${action} image '${image}': ${ADVICE[reason]}. ${asksLogin ? `${login} ` : ""}` +
    `The engine says: ${engineMessage.trim()}`;
  return new ImageUnavailableError(image, message, { ...options, reason });
}

function parseLine(image: string, text: string): ProgressLine {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw toImageError(image, `a line of its report is not JSON: ${text.slice(0, 200)}`, { cause });
  }
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((part) => part.trim() !== "");
    if (rest.length > MAX_LINE_CHARACTERS) break;
  }
  if (rest.trim() !== "") yield rest;
}
