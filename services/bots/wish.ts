/**
 * What a document asks for. Pure: no I/O, no clock.
 *
 * @module
 */

import type { Executable } from "../../lib/executable/executable.ts";
import { type BotSettings, type InvalidBotDocument, parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import type { Desired } from "./plan.ts";

/** What a document asks for. */
export interface Wish {
  /** What should be. */
  readonly desired: Desired;
  /** What to run; there whenever something should. */
  readonly executable?: Executable;
  /** How the bot is looked after, where the document can be read. */
  readonly settings?: BotSettings;
  /** What is odd about the document, a line each. */
  readonly notes?: readonly string[];
}

/** What {@linkcode wishOf} needs to know. */
export interface WishOptions {
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Why the bot must not be stopped yet though its document is gone; `undefined` when it may be. */
  readonly whyHeld: () => string | undefined;
  /** The hash of a container that runs an executable. */
  readonly specHash: (executable: Executable) => string;
}

/**
 * Reads what a bot's document asks for. One that is another segment's asks for nothing here.
 *
 * @param document The document, where there is one.
 * @param options See {@linkcode WishOptions}.
 */
export function wishOf(document: BotDocument | undefined, options: WishOptions): Wish {
  if (!document) {
    const reason = options.whyHeld();
    return { desired: reason === undefined ? undefined : { kind: "held", reason } };
  }
  const parsed = parseBotDocument(document);
  if (parsed.status === "invalid") return { desired: wishOfInvalid(parsed, options.segment) };
  const { executable, enabled, settings, notes } = parsed;
  if (!servesSegment(options.segment, executable.segment)) return { desired: undefined };
  if (!enabled) return { desired: { kind: "disabled" }, settings, notes };
  return { desired: { kind: "run", specHash: options.specHash(executable) }, executable, settings, notes };
}

function wishOfInvalid({ reason, enabled, segment }: InvalidBotDocument, served: number): Desired {
  if (segment !== undefined && !servesSegment(served, segment)) return undefined;
  return enabled ? { kind: "invalid", reason } : { kind: "disabled" };
}
