import assert from "node:assert/strict";
import {
  CLUSTER_TIMES,
  describeRival,
  HOST_TIMES,
  judgeRival,
  type RivalSituation,
  servesElsewhere,
} from "../../../../services/ownership/judge_rival.ts";
import { PAUSE_MS } from "../../../../services/ownership/pause_detector.ts";
import { serviceRecord } from "../../../contract/service_registry_contract.ts";

function situation(more: Partial<RivalSituation>): RivalSituation {
  return {
    record: serviceRecord(),
    isSameHost: true,
    lock: "unreachable",
    unchangedMs: 0,
    renewalsElsewhere: 0,
    isSaidGone: false,
    ...more,
  };
}

const ended = serviceRecord({ state: "ended" });

for (
  const [name, more, verdict] of [
    ["whose lock is held is alive, however long it has said nothing", {
      lock: "held",
      unchangedMs: 10 * HOST_TIMES.silenceMs,
    }, "alive"],
    ["whose lock is held is alive, whatever an operator says", {
      lock: "held",
      unchangedMs: 10 * HOST_TIMES.silenceMs,
      isSaidGone: true,
    }, "alive"],
    ["whose lock is free is gone at once", { lock: "free" }, "gone"],
    [
      "whose lock is missing may take it again",
      { lock: "missing", unchangedMs: HOST_TIMES.missingMs - 1 },
      "unknown",
    ],
    ["whose lock stays missing is gone", { lock: "missing", unchangedMs: HOST_TIMES.missingMs }, "gone"],
    ["of before the engine's last start may live on another copy of the host", {
      lock: "past",
      unchangedMs: HOST_TIMES.missingMs - 1,
    }, "unknown"],
    [
      "of before the engine's last start that is silent is gone",
      { lock: "past", unchangedMs: HOST_TIMES.missingMs },
      "gone",
    ],
    ["whose lock cannot be looked at is not gone soon", { unchangedMs: HOST_TIMES.silenceMs - 1 }, "unknown"],
    [
      "whose lock cannot be looked at is gone after a long silence",
      { unchangedMs: HOST_TIMES.silenceMs },
      "gone",
    ],
    ["that has ended on this host is gone", { record: ended }, "gone"],
    ["on another host is never gone by its silence", { isSameHost: false, unchangedMs: Infinity }, "unknown"],
    [
      "that has ended on another host is not gone: its bots run",
      { isSameHost: false, record: ended },
      "unknown",
    ],
    ["on another host is gone when an operator says so and it is silent", {
      isSameHost: false,
      isSaidGone: true,
      unchangedMs: HOST_TIMES.missingMs,
    }, "gone"],
    ["on another host that is not silent is not gone, whatever an operator says", {
      isSameHost: false,
      isSaidGone: true,
      unchangedMs: HOST_TIMES.missingMs - 1,
    }, "unknown"],
    ["that has ended on another host is gone when an operator says so", {
      isSameHost: false,
      record: ended,
      isSaidGone: true,
      unchangedMs: HOST_TIMES.missingMs,
    }, "gone"],
  ] as const satisfies readonly (readonly [string, Partial<RivalSituation>, string])[]
) {
  Deno.test(`judgeRival(): a service ${name}`, () => {
    assert.equal(judgeRival(situation(more), HOST_TIMES), verdict);
  });
}

Deno.test("a service that is silent acts on nothing before anybody takes it for gone", () => {
  assert.ok(HOST_TIMES.fenceMs < HOST_TIMES.silenceMs);
  assert.ok(PAUSE_MS < HOST_TIMES.missingMs);
  // Clocks that run 10 % too slow and too fast.
  assert.ok(CLUSTER_TIMES.fenceMs / 0.9 < CLUSTER_TIMES.silenceMs / 1.1);
});

Deno.test("servesElsewhere() tells another host, and a copy of this one once that is sure", () => {
  assert.equal(servesElsewhere(situation({ isSameHost: false })), true);
  assert.equal(servesElsewhere(situation({ lock: "past", renewalsElsewhere: 1 })), false);
  assert.equal(servesElsewhere(situation({ lock: "past", renewalsElsewhere: 2 })), true);
});

Deno.test("describeRival() says what to do, and advises to take over only where the other is silent or has ended", () => {
  const said = (more: Partial<RivalSituation>) => describeRival(situation(more), HOST_TIMES);
  assert.match(said({ isSameHost: false }), /^instance 'one' on host here \(pid 17, since .*\) serves$/);
  assert.match(said({ isSameHost: false, unchangedMs: 60_000 }), /said nothing for 60 s.*--take-over/);
  assert.match(
    said({ isSameHost: false, record: ended }),
    /has ended, and its bots may still run.*--take-over/,
  );
  assert.match(said({ lock: "held", unchangedMs: 60_000 }), /its process is frozen/);
  assert.match(said({ lock: "past", renewalsElsewhere: 2 }), /a host that this one is a copy of/);
});
