/**
 * Combines documents of bots with their containers.
 *
 * @module
 */

import { describeExit } from "../../lib/runner/describe_exit.ts";
import type { ContainerPhase } from "../../lib/engine/container_orchestrator.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { parseBotDocument } from "../../services/documents/bot_document.ts";
import type { StoredBot } from "../../services/documents/bot_repository.ts";

/** The state of a bot. */
export interface BotRow {
  /** Discriminates the union with schedules. */
  readonly kind: "bot";
  /** Its id. */
  readonly id: string;
  /** Whether its document enables it; `null` without a document. */
  readonly enabled: boolean | null;
  /** Version of its code; `null` without a valid document. */
  readonly version: string | null;
  /** Its runtime; `null` without a valid document. */
  readonly runtime: string | null;
  /** Why its document is invalid. */
  readonly problem?: string;
  /** Warnings about its document, one per line. */
  readonly notes?: readonly string[];
  /** Phase of its container; `null` if there is none, or the engine does not answer. */
  readonly phase: ContainerPhase | null;
  /** Name of its container. */
  readonly container?: string;
  /** Number of starts in a row. */
  readonly attempt?: number;
  /** When its container entered this phase. */
  readonly since?: Date;
  /** Exit code of its container, if it has exited. */
  readonly exitCode?: number;
  /** Whether its container was killed for exceeding its memory limit. */
  readonly oomKilled?: true;
  /** Memory limit of its container, in bytes. */
  readonly memoryBytes?: number;
  /** Whether its container is paused (`docker pause`). */
  readonly isPaused?: true;
  /**
   * Identity of the document store that its container belongs to, if that is another store. Berth leaves such
   * a container alone.
   */
  readonly otherStore?: string;
}

/**
 * Combines documents and containers.
 *
 * @param documents The documents.
 * @param containers The containers of bots.
 * @returns One row per bot, in order of id.
 */
export function botRows(documents: readonly StoredBot[], containers: readonly ManagedContainer[]): BotRow[] {
  const found = Map.groupBy(containers.filter(({ kind }) => kind === "bot"), ({ id }) => id);
  const stored = new Map(documents.map((bot) => [bot.key, bot]));
  const ids = [...new Set([...stored.keys(), ...found.keys()])].sort((a, b) => a < b ? -1 : 1);
  return ids.map((id) => {
    // During a replacement there may be two containers: show the newer one.
    const containers = (found.get(id) ?? []).toSorted((a, b) =>
      Number(a.isForeign ?? false) - Number(b.isForeign ?? false) ||
      b.createdAt.getTime() - a.createdAt.getTime()
    );
    return { kind: "bot", id, ...ofDocument(stored.get(id)), ...ofContainer(containers[0]) };
  });
}

function ofDocument(
  bot: StoredBot | undefined,
): Pick<BotRow, "enabled" | "version" | "runtime" | "problem" | "notes"> {
  if (!bot) return { enabled: null, version: null, runtime: null };
  const parsed = parseBotDocument(bot.document, { key: bot.key });
  const { enabled } = parsed;
  if (parsed.status === "invalid") return { enabled, version: null, runtime: null, problem: parsed.reason };
  const { executable: { version, runtime }, notes } = parsed;
  return { enabled, version, runtime, ...(notes.length > 0 && { notes }) };
}

function ofContainer(
  container: ManagedContainer | undefined,
): Omit<BotRow, "kind" | "id" | "enabled" | "version" | "runtime" | "problem"> {
  if (!container) return { phase: null };
  const { phase, containerName, attempt, createdAt, startedAt, finishedAt, exitCode } = container;
  const { oomKilled, memoryBytes, isPaused } = container;
  const { isForeign, store } = container;
  return {
    phase,
    container: containerName,
    attempt,
    since: (phase === "exited" ? finishedAt : startedAt) ?? createdAt,
    ...(exitCode !== undefined && { exitCode }),
    ...(oomKilled && { oomKilled }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(isPaused && { isPaused }),
    ...(isForeign && store !== undefined && { otherStore: store }),
  };
}

/** Describes the state of a bot in a few words. @param row The bot. */
export function describeBot({ enabled, problem, phase, isPaused, otherStore, ...exit }: BotRow): string {
  if (phase === null) {
    if (problem !== undefined) return `invalid: ${problem}`;
    return enabled ? "not running" : "stopped";
  }
  const now = phase === "exited" ? `exited: ${describeExit(exit)}` : isPaused ? "paused" : phase;
  if (otherStore !== undefined) {
    return `${now}, of another document store (${otherStore}); 'berth start --adopt' takes it over`;
  }
  // The service removes the container of a bot that is not to run, unless it cannot store what that printed.
  const kept = phase === "exited" && !enabled ? "; kept until its last lines are stored" : "";
  if (enabled === null) return `${now}, without a document${kept}`;
  return problem === undefined ? `${now}${kept}` : `${now}; its document is invalid: ${problem}`;
}
