import assert from "node:assert/strict";
import { discardContainer } from "../../../../lib/engine/discard_container.ts";
import { EngineUnavailableError } from "../../../../lib/errors.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

/** An engine whose first removals fail. */
function engineFailing(times: number) {
  const asked: string[] = [];
  return {
    asked,
    remove(name: string): Promise<void> {
      asked.push(name);
      return asked.length > times
        ? Promise.resolve()
        : Promise.reject(new EngineUnavailableError("It hangs."));
    },
  };
}

for (const [failures, calls] of [[0, 1], [2, 3], [9, 3]] as const) {
  Deno.test(`discardContainer removes a container, or lets it be, after ${failures} failures`, async () => {
    const clock = new FakeClock();
    const engine = engineFailing(failures);
    const discarding = discardContainer(engine, "one", { clock });
    await clock.advance(60_000);
    await discarding;
    assert.deepEqual(engine.asked, Array(calls).fill("one"));
  });
}

Deno.test("discardContainer waits for nothing once it is to end", async () => {
  const ending = new AbortController();
  const engine = engineFailing(9);
  const discarding = discardContainer(engine, "one", { clock: new FakeClock(), signal: ending.signal });
  await until("the first try", () => engine.asked.length === 1);
  ending.abort();
  await discarding;
  assert.deepEqual(engine.asked, ["one", "one"]);
  await discardContainer(engine, "two", { clock: new FakeClock(), signal: ending.signal });
  assert.deepEqual(engine.asked, ["one", "one", "two"]);
});
