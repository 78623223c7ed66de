import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import type { BotSettings } from "../../../../services/documents/bot_settings.ts";
import { askGate, type BotSpec } from "../../../../services/bots/desired_state.ts";
import { plan } from "../../../../services/bots/plan.ts";
import {
  allGates,
  type GateAnswer,
  type RunGate,
  type RunRefusal,
} from "../../../../services/bots/run_gate.ts";
import { managedContainer } from "../../../support/builders/managed_container.ts";

const NOW = Date.parse("2025-01-01T12:00:00Z");
const LATCHED = { type: "latched", reason: "guard 'equity' tripped" } as const;
const STOP: RunRefusal = { condition: LATCHED, stop: { why: "guard tripped", onStopReason: "guard:equity" } };
const STAY: RunRefusal = { condition: { type: "outside-session", reason: "XNYS is closed" } };
const RUN: BotSpec = { desired: { kind: "run", specHash: "new" }, settings: {} as BotSettings };

function gate(answer: GateAnswer): RunGate {
  return { ask: () => answer };
}

function container(values: Partial<ManagedContainer> = {}): ManagedContainer {
  return managedContainer(NOW, values);
}

function planOf(refusal: RunRefusal, containers: readonly ManagedContainer[]) {
  const { desired } = askGate("bot", RUN, gate({ refusal }));
  return plan(desired, { containers }, NOW);
}

Deno.test("plan() starts nothing that a gate refuses, after an exit, a failure or without a container", () => {
  for (const containers of [[], [container({ phase: "exited", exitCode: 1 })]]) {
    for (const refusal of [STOP, STAY]) {
      const { actions, settled } = planOf(refusal, containers);
      assert.deepEqual(actions.filter(({ type }) => type === "start"), []);
      assert.deepEqual(settled, refusal.condition);
    }
  }
});

Deno.test("plan() stops what a gate refuses with its words, and keeps it running where the gate says so", () => {
  assert.deepEqual(planOf(STOP, [container()]).actions, [
    { type: "stop", containerId: "c1", reason: "guard tripped", onStopReason: "guard:equity" },
  ]);
  const { actions, keeps } = planOf(STAY, [container()]);
  assert.deepEqual([actions, keeps?.containerId], [[], "c1"]);
});

Deno.test("askGate() has a bot without a readable document stopped only if the gate says so", () => {
  const broken: BotSpec = { desired: { kind: "invalid", reason: "no runtime" } };
  assert.deepEqual(askGate("bot", broken, gate({ refusal: STAY })), broken);
  assert.deepEqual(askGate("bot", broken, gate({ refusal: STOP })).desired, {
    kind: "refused",
    refusal: STOP,
  });
  const never: RunGate = { ask: () => assert.fail("it was asked for a bot that does not run") };
  for (const spec of [{ desired: undefined }, { desired: { kind: "disabled" } }] as const) {
    assert.equal(askGate("bot", spec, never), spec);
  }
});

Deno.test("askGate() keeps what should run out of the reach of a start", () => {
  const spec = { ...RUN, executable: {} } as BotSpec;
  assert.equal("executable" in askGate("bot", spec, gate({ refusal: STOP })), false);
  assert.deepEqual(askGate("bot", spec, gate({ againInMs: 5 })), { ...spec, againInMs: 5 });
});

Deno.test("allGates() refuses if one refuses, and asks again when the first of them wants it", () => {
  const open = gate({ againInMs: 300 });
  assert.deepEqual(allGates([]).ask({ id: "bot" }), {});
  assert.deepEqual(
    allGates([open, gate({ refusal: STAY, againInMs: 200 }), gate({ refusal: STOP })]).ask({ id: "bot" }),
    {
      refusal: STOP,
      againInMs: 200,
    },
  );
  assert.deepEqual(allGates([open, gate({ refusal: STAY })]).ask({ id: "bot" }).refusal, STAY);
});
