import assert from "node:assert/strict";
import type { BotEventsStatus } from "../../../../services/events/bot_events.ts";
import { untilCaughtUp } from "../../../../services/events/until_caught_up.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { collectLogs } from "../../../support/collect_logs.ts";

async function waitedMs(status: BotEventsStatus, caughtUp: (clock: FakeClock) => Promise<void>) {
  const clock = new FakeClock();
  const begin = clock.now();
  let waited: number | undefined;
  const events = { status: () => status, caughtUp: () => caughtUp(clock) };
  void untilCaughtUp({ events, what: "bots", clock, signal: new AbortController().signal })
    .then(() => waited = clock.now() - begin);
  for (let ms = 0; ms <= 150_000 && waited === undefined; ms += 1000) await clock.advance(1000);
  return waited;
}

Deno.test("untilCaughtUp() waits 10 s for a bus that does not answer, and 2 minutes for one that is read", async () => {
  const never = () => new Promise<void>(() => {});
  using logs = collectLogs();
  assert.equal(await waitedMs({ state: "connecting", detail: "nobody is there" }, never), 10_000);
  assert.equal(await waitedMs({ state: "catching-up", detail: "9 events wait" }, never), 120_000);
  assert.deepEqual(logs.records.map(({ properties }) => properties.detail), [
    "nobody is there",
    "9 events wait",
  ]);
});

Deno.test("untilCaughtUp() goes on as soon as everything was read, or the service ends", async () => {
  assert.equal(await waitedMs({ state: "connecting", detail: "" }, () => Promise.resolve()), 0);
  const soon = (clock: FakeClock) => clock.sleep(30_000);
  assert.equal(await waitedMs({ state: "catching-up", detail: "" }, soon), 30_000);
  const events = {
    status: () => ({ state: "connecting", detail: "" }) as const,
    caughtUp: () => new Promise<void>(() => {}),
  };
  await untilCaughtUp({ events, what: "bots", clock: new FakeClock(), signal: AbortSignal.abort() });
});
