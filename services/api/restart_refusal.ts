/**
 * Why a bot cannot be restarted now.
 *
 * @module
 */

import { describeCondition } from "../bots/bot_condition.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";

/** Input of {@linkcode restartRefusal}. */
export type RestartParts = Pick<ApiParts, "botService" | "guards" | "settings">;

/**
 * Looks whether something keeps a bot from running.
 *
 * @param id Id of the bot.
 * @param document Its document.
 * @param parts The facts about it.
 * @returns The problem; `undefined` if a restart may be asked for.
 */
export function restartRefusal(
  id: string,
  document: BotDocument,
  { botService, guards, settings }: RestartParts,
): ApiProblem | undefined {
  const parsed = parseBotDocument(document, { ...settings, key: id });
  if (!parsed.enabled) {
    return new ApiProblem(409, "bot/disabled", `Bot '${id}' is disabled.`, {
      advice: `Start it with 'berth enable ${id}'.`,
    });
  }
  if (parsed.status === "invalid") {
    return new ApiProblem(409, "bot/invalid", `The document of bot '${id}' is invalid: ${parsed.reason}.`, {
      advice: "Correct it; the bot then starts by itself.",
    });
  }
  const [latch] = guards.show(id).latches.filter(({ action }) => action === "stop");
  if (latch) {
    return new ApiProblem(409, "bot/latched", `Guard '${latch.guard}' holds bot '${id}': ${latch.text}.`, {
      advice: `Release it with 'berth release ${id} --guard ${latch.guard} --reason TEXT'.`,
    });
  }
  const condition = botService?.state.getRunningBot(id)?.condition;
  if (condition?.type !== "outside-session") return undefined;
  return new ApiProblem(409, "bot/outside-session", `Bot '${id}' is ${describeCondition(condition)}.`, {
    advice: "It starts by itself. To run it at any time, remove 'session' from its settings.",
  });
}
