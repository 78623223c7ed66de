/**
 * Subscribers that throw.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { BotEventHandlers } from "./bot_events.ts";

/**
 * Keeps what a subscriber throws from ending the source of the events: it is logged instead. What `onChange`
 * rejects with is an answer and stays one.
 *
 * @param handlers The subscriber.
 * @returns The same, but `onMalformed` and `onGap` never throw.
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
    onChange: (change) => handlers.onChange(change),
    onMalformed: (subject, problem) => guard("onMalformed", () => handlers.onMalformed(subject, problem)),
    onGap: () => guard("onGap", () => handlers.onGap()),
  };
}
