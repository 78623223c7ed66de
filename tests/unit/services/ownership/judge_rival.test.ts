import assert from "node:assert/strict";
import {
  describeRival,
  FENCE_MS,
  judgeRival,
  MISSING_MS,
  type RivalSituation,
  servesElsewhere,
  SILENCE_MS,
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
      unchangedMs: 10 * SILENCE_MS,
    }, "alive"],
    ["whose lock is held is alive, whatever an operator says", {
      lock: "held",
      unchangedMs: 10 * SILENCE_MS,
      isSaidGone: true,
    }, "alive"],
    ["whose lock is free is gone at once", { lock: "free" }, "gone"],
    ["whose lock is missing may take it again", { lock: "missing", unchangedMs: MISSING_MS - 1 }, "unknown"],
    ["whose lock stays missing is gone", { lock: "missing", unchangedMs: MISSING_MS }, "gone"],
    ["of before the engine's last start may live on another copy of the host", {
      lock: "past",
      unchangedMs: MISSING_MS - 1,
    }, "unknown"],
    [
      "of before the engine's last start that is silent is gone",
      { lock: "past", unchangedMs: MISSING_MS },
      "gone",
    ],
    ["whose lock cannot be looked at is not gone soon", { unchangedMs: SILENCE_MS - 1 }, "unknown"],
    ["whose lock cannot be looked at is gone after a long silence", { unchangedMs: SILENCE_MS }, "gone"],
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
      unchangedMs: MISSING_MS,
    }, "gone"],
    ["on another host that is not silent is not gone, whatever an operator says", {
      isSameHost: false,
      isSaidGone: true,
      unchangedMs: MISSING_MS - 1,
    }, "unknown"],
    ["that has ended on another host is gone when an operator says so", {
      isSameHost: false,
      record: ended,
      isSaidGone: true,
      unchangedMs: MISSING_MS,
    }, "gone"],
  ] as const satisfies readonly (readonly [string, Partial<RivalSituation>, string])[]
) {
  Deno.test(`judgeRival(): a service ${name}`, () => {
    assert.equal(judgeRival(situation(more)), verdict);
  });
}

Deno.test("a service that is silent acts on nothing before anybody takes it for gone", () => {
  assert.ok(FENCE_MS < SILENCE_MS);
  assert.ok(PAUSE_MS < MISSING_MS);
});

Deno.test("servesElsewhere() tells another host, and a copy of this one once that is sure", () => {
  assert.equal(servesElsewhere(situation({ isSameHost: false })), true);
  assert.equal(servesElsewhere(situation({ lock: "past", renewalsElsewhere: 1 })), false);
  assert.equal(servesElsewhere(situation({ lock: "past", renewalsElsewhere: 2 })), true);
});

Deno.test("describeRival() says what to do, and advises to take over only where the other is silent or has ended", () => {
  const said = (more: Partial<RivalSituation>) => describeRival(situation(more));
  assert.match(said({ isSameHost: false }), /^instance 'one' on host here \(pid 17, since .*\) serves$/);
  assert.match(said({ isSameHost: false, unchangedMs: 60_000 }), /said nothing for 60 s.*--take-over/);
  assert.match(
    said({ isSameHost: false, record: ended }),
    /has ended, and its bots may still run.*--take-over/,
  );
  assert.match(said({ lock: "held", unchangedMs: 60_000 }), /its process is frozen/);
  assert.match(said({ lock: "past", renewalsElsewhere: 2 }), /a host that this one is a copy of/);
});
