/**
 * Keeps subscribers that throw from ending a source of events.
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
export function catchHandlerErrors(handlers: BotEventHandlers): BotEventHandlers {
  const catchErrors = (name: string, call: () => void) => {
    try {
      call();
    } catch (error) {
      getLogger(["berth", "events"]).error("The subscriber's {name} failed", { name, error });
    }
  };
  return {
    onChange: handlers.onChange,
    onMalformed: (subject, problem) =>
      catchErrors("onMalformed", () => handlers.onMalformed(subject, problem)),
    onGap: () => catchErrors("onGap", () => handlers.onGap()),
  };
}
