import assert from "node:assert/strict";
import { parseBotEvent } from "../../services/events/bot_event.ts";
import type { BotEvents } from "../../services/events/bot_events.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { testBotEventsContract } from "./bot_events_contract.ts";

/**
 * Tests what every source of events promises on one to which changes are published in this process.
 *
 * @param name Name of the source.
 * @param make Makes one.
 */
export function testInProcessContract(
  name: string,
  make: () => BotEvents & { publish(change: BotChange): unknown },
): void {
  testBotEventsContract({
    name,
    mode: "in-process",
    mayReorder: false,
    open() {
      const events = make();
      return Promise.resolve({
        events,
        publish(type: BotChange["type"], document: object) {
          const payload = new TextEncoder().encode(JSON.stringify(document));
          const parsed = parseBotEvent({ subject: `s.${type}`, subjectPrefix: "s", payload, order: {} });
          assert.ok("change" in parsed);
          events.publish(parsed.change);
          return Promise.resolve();
        },
        [Symbol.asyncDispose]: () => events[Symbol.asyncDispose](),
      });
    },
  });
}
