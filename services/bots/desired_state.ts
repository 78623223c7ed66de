/**
 * Reads from a bot's document what should run. Pure: no I/O, no clock.
 *
 * @module
 */

import type { Executable } from "../../lib/executable/executable.ts";
import { type DocumentRules, type InvalidBotDocument, parseBotDocument } from "../documents/bot_document.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import type { RestartMode } from "../documents/restart_mode.ts";
import type { RunGate, RunRefusal } from "./run_gate.ts";
import { servesSegment } from "../documents/serves_segment.ts";

/**
 * The desired state. `undefined`: there is no document.
 *
 * - `run`: a container of this hash. `restart` says what follows its end; absent for `always`.
 * - `disabled`: no container.
 * - `invalid`: the document cannot be run. Containers stay as they are: a typing error must not stop a bot that
 *   earns money, and a broken document does not say "stop".
 * - `refused`: it must not run now, and is stopped if the refusal says so.
 * - `held`: the document is gone, and it is not yet certain that this is meant. Containers stay as they are.
 */
export type DesiredState =
  | { readonly kind: "run"; readonly specHash: string; readonly restart?: RestartMode }
  | { readonly kind: "disabled" }
  | { readonly kind: "refused"; readonly refusal: RunRefusal }
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string }
  | undefined;

/** The content of a document. */
export interface BotSpec {
  /** The desired state. */
  readonly desired: DesiredState;
  /** The executable; present if `desired` is `run`. */
  readonly executable?: Executable;
  /** How to look after the bot; absent if the document cannot be read. */
  readonly settings?: BotSettings;
  /** Warnings about the document, a line each. */
  readonly notes?: readonly string[];
  /** When to read it again, in ms, because a gate may answer differently then. */
  readonly againInMs?: number;
}

/** Input of {@linkcode readBotSpec}. */
export interface ReadBotSpecOptions extends DocumentRules {
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Why a bot without a document must not be stopped yet; `undefined` if it may be. */
  readonly whyHeld: () => string | undefined;
  /** Hash of a container that runs an executable. */
  readonly specHash: (executable: Executable) => string;
}

/**
 * Asks a gate whether the bot may run. A bot whose document is gone or broken keeps its container, unless the gate has it
 * stopped.
 *
 * @param id Id of the bot.
 * @param spec The spec in its document.
 * @param gate The gate.
 * @param lastSettings Settings for a document that is gone or broken.
 * @returns The same, or that it is refused.
 */
export function askGate(id: string, spec: BotSpec, gate: RunGate, lastSettings?: BotSettings): BotSpec {
  const { desired, settings = lastSettings } = spec;
  if (desired === undefined || desired.kind === "disabled") return spec;
  const { refusal, againInMs } = gate.ask({ id, ...(settings && { settings }) });
  const again = againInMs === undefined ? {} : { againInMs };
  if (!refusal || (desired.kind !== "run" && !refusal.stop)) return { ...spec, ...again };
  const { executable: _notToRun, ...rest } = spec;
  return { ...rest, desired: { kind: "refused", refusal }, ...again };
}

/**
 * Reads what a bot's document asks for. A document of another segment asks for nothing here.
 *
 * @param document The document; `undefined` if there is none.
 * @param options See {@linkcode ReadBotSpecOptions}.
 */
export function readBotSpec(document: BotDocument | undefined, options: ReadBotSpecOptions): BotSpec {
  if (!document) {
    const reason = options.whyHeld();
    return { desired: reason === undefined ? undefined : { kind: "held", reason } };
  }
  const parsed = parseBotDocument(document, options);
  if (parsed.status === "invalid") return { desired: desiredOfInvalid(parsed, options.segment) };
  const { executable, enabled, settings, notes } = parsed;
  if (!servesSegment(options.segment, executable.segment)) return { desired: undefined };
  if (!enabled) return { desired: { kind: "disabled" }, settings, notes };
  const { restart } = settings;
  const specHash = options.specHash(executable);
  return {
    desired: { kind: "run", specHash, ...(restart !== undefined && { restart }) },
    executable,
    settings,
    notes,
  };
}

function desiredOfInvalid({ reason, enabled, segment }: InvalidBotDocument, served: number): DesiredState {
  if (segment !== undefined && !servesSegment(served, segment)) return undefined;
  return enabled ? { kind: "invalid", reason } : { kind: "disabled" };
}
