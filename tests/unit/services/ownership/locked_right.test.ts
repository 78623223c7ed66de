import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../../../lib/util/clock.ts";
import { LockedRight } from "../../../../services/ownership/locked_right.ts";
import { until } from "../../../support/until.ts";

Deno.test("LockedRight says who serves while it stands by, and that it serves once it does", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "berth-test-" });
  const ending = new AbortController();
  const rightOf = (instance: string) =>
    new LockedRight({
      scope: { service: "bots", segment: -1, instance },
      dataDir,
      log: getLogger(["berth", "test"]),
      clock: systemClock,
    });
  try {
    await Deno.mkdir(`${dataDir}/locks`);
    const [first, second] = [rightOf("one"), rightOf("two")];
    await first.acquire(ending.signal);
    assert.equal(first.whyIdle(), undefined);
    assert.equal(second.whyIdle(), "the right to serve");
    const acquiring = second.acquire(ending.signal);
    await until(
      "the second one's standing by",
      () => second.whyIdle()?.startsWith(`the right to serve: instance 'one' (pid ${Deno.pid}`) === true,
    );
    await first.release();
    await acquiring;
    assert.equal(second.whyIdle(), undefined);
    await second.release();
  } finally {
    ending.abort();
    await Deno.remove(dataDir, { recursive: true });
  }
});
