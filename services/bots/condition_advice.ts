/**
 * Returns the advice about a bot's condition.
 *
 * @module
 */

import { KILLED, TERMINATED } from "../../lib/util/exit_codes.ts";
import { type BotCondition, FITTING_NODE } from "./bot_condition.ts";

/**
 * Returns the advice about a condition.
 *
 * @param id Id of the bot.
 * @param condition Its condition.
 * @returns One or two sentences; `undefined` if nothing has to be done.
 */
export function conditionAdvice(id: string, condition: BotCondition): string | undefined {
  switch (condition.type) {
    case "running":
    case "ready":
    case "starting":
    case "stopping":
    case "completed":
    case "outside-session":
      return undefined;
    case "silent":
    case "unhealthy":
      return `See 'berth logs ${id}'. 'berth restart ${id}' starts it again; with 'action: restart' under 'health' in ` +
        "bot-config.yaml, Berth does so by itself.";
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
      if (condition.holder !== undefined) {
        return `It starts by itself once '${condition.holder}' has ended: 'berth disable ${condition.holder}' ends it.`;
      }
      if (condition.for.startsWith(FITTING_NODE)) {
        return "'berth nodes' shows the nodes with their labels, and which are cordoned. " +
          "It starts by itself once one fits; its 'placement' says what it asks for.";
      }
      return "It goes on by itself once that is back; 'berth doctor' shows engine, servers and folders.";
    case "disabled":
      return `Start it with 'berth enable ${id}'.`;
    case "latched":
      return `See 'berth describe ${id}' for what tripped. Once you have dealt with it, release the guard: ` +
        `'berth release ${id} --guard NAME --reason TEXT'.`;
    case "held":
      return "Restore its document, or remove the bot on purpose with 'berth remove " + id + "'.";
    case "blocked":
      return "Remove or rename the container that has its name. If it belongs to an earlier store of this instance, " +
        "'berth start --adopt' takes it over.";
    case "failed":
      return condition.endedAt
        ? `See 'berth logs ${id}'. 'berth restart ${id}' starts it again, and so does a corrected version.`
        : `See 'berth logs ${id}', then deploy a corrected version with 'berth deploy DIR'.`;
  }
}

function afterExit(
  id: string,
  { exitCode, oomKilled, trouble }: BotCondition & { type: "backing-off" },
): string {
  if (trouble !== undefined) {
    return `Its log says more: 'berth logs ${id}'. If it is well and only slow, give it more time under 'health' in ` +
      "bot-config.yaml.";
  }
  if (oomKilled || exitCode === KILLED) {
    return "Let it use less memory, or give it more: 'memory_mb' in bot-config.yaml, or BOT_MEMORY_LIMIT_MB for all bots.";
  }
  if (exitCode === 0) {
    return "Its document says that it is started again however it ends. If it may end, set 'restart: on-failure' in " +
      "bot-config.yaml; if it should run at certain times, give it a 'schedule'.";
  }
  if (exitCode === TERMINATED) {
    return `Something other than Berth stopped it, and its document says that it runs. 'berth disable ${id}' stops it for good.`;
  }
  return `Its log says more: 'berth logs ${id}'. Correct the code and run 'berth deploy DIR', or try again now ` +
    `with 'berth restart ${id}'.`;
}
