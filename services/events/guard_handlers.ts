/**
 * Guards sources of events against subscribers that throw.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { BotEventHandlers } from "./bot_events.ts";

/**
 * Logs exceptions of a subscriber's `onMalformed` and `onGap`, so that they do not end the source of the
 * events. A rejection of `onChange` passes: it is an answer.
 *
 * @param handlers The subscriber.
 * @returns The same handlers; `onMalformed` and `onGap` never throw.
 */
export function guardHandlers(handlers: BotEventHandlers): BotEventHandlers {
  const guard = (name: string, call: () => void) => {
    try {
      call();
    } catch (error) {
      getLogger(["berth", "events"]).error("The subscriber's {name} failed", { name, error });
    }
  };
  return {
    onChange: handlers.onChange,
    onMalformed: (subject, problem) => guard("onMalformed", () => handlers.onMalformed(subject, problem)),
    onGap: () => guard("onGap", () => handlers.onGap()),
  };
}
