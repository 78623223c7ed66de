import assert from "node:assert/strict";
import { boundProblems } from "../../../../lib/runner/limit_bounds.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { readPlacement } from "../../../../services/documents/placement_settings.ts";
import { parseScheduleDocument } from "../../../../services/schedules/schedule_document.ts";

const CUSTOM = { filePath: "x", config: { runtime: "python3.11", entrypoints: { bot: "main.py" } } };
const BOUNDS = { networks: ["host"] };

function problemsOf(placement: unknown): string[] {
  const problems: string[] = [];
  readPlacement({ placement }, problems);
  return problems;
}

Deno.test("readPlacement() keeps conditions in the Swarm's words, and takes one entry without a list", () => {
  const placement = {
    constraints: ["node.labels.zone==a", "node.platform.arch != aarch64", "engine.labels.disk==ssd"],
    spread: "node.labels.rack",
    prefer: "node.role==worker",
  };
  assert.deepEqual(readPlacement({ placement }, []), {
    constraints: placement.constraints,
    spread: ["node.labels.rack"],
    prefer: ["node.role==worker"],
  });
  assert.deepEqual(problemsOf(placement), []);
});

Deno.test("readPlacement() takes what any node meets for nothing", () => {
  for (const none of [undefined, null, {}, { spread: "node" }, { constraints: [], prefer: null }]) {
    assert.equal(readPlacement({ placement: none }, []), undefined, JSON.stringify(none));
  }
});

Deno.test("readPlacement() says what is wrong, and where", () => {
  const place = "config.berth.placement";
  assert.deepEqual(problemsOf("zone"), [
    `${place}: must be an object with constraints, spread, prefer (is a string)`,
  ]);
  assert.deepEqual(problemsOf({ prefers: [] }), [
    `${place}: "prefers" is not one of constraints, spread, prefer`,
  ]);
  assert.match(problemsOf({ constraints: ["zone==a"] })[0]!, /constraints\[0\]: must compare .*"zone==a"\)$/);
  assert.match(problemsOf({ constraints: "node.labels.zone=a" })[0]!, /constraints: must compare /);
  assert.match(problemsOf({ prefer: ["node.role==boss"] })[0]!, /prefer\[0\]: must name the role manager or/);
  assert.match(problemsOf({ constraints: [7] })[0]!, /constraints\[0\]: must be a string/);
  assert.match(
    problemsOf({ spread: "node.hostname" })[0]!,
    /spread: must be node\.labels\.NAME .*, or node /,
  );
  const long = `node.labels.a==${"b".repeat(200)}`;
  assert.match(problemsOf({ constraints: [long] })[0]!, /constraints\[0\]: must have at most 200 characters/);
  const many = Array.from({ length: 21 }, (_, n) => `node.labels.a!=${n}`);
  assert.deepEqual(problemsOf({ constraints: many }), [
    `${place}.constraints: must have at most 20 entries (has 21)`,
  ]);
});

Deno.test("a placement shapes bots and runs of a cluster, and is invalid on one host", () => {
  const berth = { placement: { constraints: "node.labels.zone==a" } };
  const bot = { id: "a", config: { berth }, custom: CUSTOM };
  const schedule = { ...bot, config: { berth, schedule: "@daily" } };
  const onCluster = { bounds: { ...BOUNDS, hasNodes: true } };
  for (const parsed of [parseBotDocument(bot, onCluster), parseScheduleDocument(schedule, "a", onCluster)]) {
    assert.ok(parsed.status === "valid", JSON.stringify(parsed));
    assert.deepEqual(parsed.executable.placement, { constraints: ["node.labels.zone==a"] });
    assert.match(boundProblems(parsed.executable, BOUNDS)[0]!.message, /needs a cluster \(RUNNER=swarm\)/);
  }
  const parsed = parseBotDocument(bot, { bounds: BOUNDS });
  assert.ok(parsed.status === "invalid");
  assert.match(parsed.reason, /^config\.berth\.placement: needs a cluster \(RUNNER=swarm\)/);
});
