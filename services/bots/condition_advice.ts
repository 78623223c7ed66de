/**
 * Says what a person can do about a bot's condition.
 *
 * @module
 */

import { KILLED } from "../../lib/runner/describe_exit.ts";
import type { BotCondition } from "./bot_condition.ts";

/**
 * Says what to do about a condition.
 *
 * @param id Id of the bot.
 * @param condition Its condition.
 * @returns One or two sentences; `undefined` if nothing has to be done.
 */
export function conditionAdvice(id: string, condition: BotCondition): string | undefined {
  switch (condition.type) {
    case "running":
    case "starting":
    case "stopping":
      return undefined;
    case "paused":
      return `Somebody has frozen its container; 'docker unpause' lets it go on, and 'berth restart ${id}' replaces it.`;
    case "backing-off":
      return afterExit(id, condition);
    case "invalid":
      return "Correct its document, for example with 'berth deploy DIR'. The bot starts as soon as the document is valid.";
    case "image-missing":
      return "Run 'berth images' on the engine's host, or check the registry and RUNTIME_IMAGES. " +
        "The start is tried again by itself.";
    case "waiting":
      return "It goes on by itself once that is back; 'berth doctor' shows engine, servers and folders.";
    case "disabled":
      return `Start it with 'berth enable ${id}'.`;
    case "held":
      return "Restore its document, or remove the bot on purpose with 'berth remove " + id + "'.";
    case "blocked":
      return "Remove or rename the container that has its name. If it belongs to an earlier store of this instance, " +
        "'berth start --adopt' takes it over.";
    case "failed":
      return `See 'berth logs ${id}', then deploy a corrected version with 'berth deploy DIR'.`;
  }
}

function afterExit(
  id: string,
  { exitCode, oomKilled, diskUse }: BotCondition & { type: "backing-off" },
): string {
  if (diskUse) {
    return "Let it write less, or raise BOT_DISK_LIMIT_MB; then deploy it again with 'berth deploy DIR'.";
  }
  if (oomKilled || exitCode === KILLED) {
    return "Let it use less memory, or raise BOT_MEMORY_LIMIT_MB and restart the service.";
  }
  if (exitCode === 0) {
    return "A bot is expected to run until it is stopped. If it should run at certain times, give it a schedule " +
      "('schedule' in bot-config.yaml); otherwise let its program not end.";
  }
  return `Its log says more: 'berth logs ${id}'. Correct the code and run 'berth deploy DIR', or try again now ` +
    `with 'berth restart ${id}'.`;
}
