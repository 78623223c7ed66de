import assert from "node:assert/strict";
import { neededLeaderOf, wayOf, type WaySituation } from "../../../../services/api/needed_leader.ts";
import { type OperationId, OPERATIONS } from "../../../../services/contract/operations.ts";

const LEADER = { url: "http://10.0.0.1:8420", isOnThisHost: true };

/** A request for a restart, at a process that stands by. */
function way(operation: OperationId, more: Partial<WaySituation> = {}) {
  return wayOf({
    needed: neededLeaderOf(operation),
    leads: false,
    isPassedOn: false,
    leader: LEADER,
    ...more,
  });
}

Deno.test("wayOf() sends to the leader what it alone can do, and what it alone knows", () => {
  assert.equal(way("restartBot"), "leader");
  assert.equal(way("runSchedule"), "leader");
  assert.equal(way("getOverview"), "leader");
  assert.equal(way("streamEvents"), "leader");
});

Deno.test("wayOf() keeps what any process can do", () => {
  for (const operation of ["putBot", "deploy", "listSchedules", "listRuns", "createToken"] as const) {
    assert.equal(way(operation), "here");
  }
  assert.equal(way("restartBot", { leads: true }), "here");
  assert.equal(way("restartBot", { leader: undefined }), "here", "nobody leads");
  assert.equal(way("restartBot", { leader: { isOnThisHost: true } }), "here", "it has no address");
});

Deno.test("wayOf() sends a log to the leader only if the containers are on another host", () => {
  assert.equal(way("readLogs"), "here");
  assert.equal(way("readLogs", { leader: { ...LEADER, isOnThisHost: false } }), "leader");
});

Deno.test("wayOf() passes no request on twice", () => {
  for (const operation of Object.keys(OPERATIONS) as OperationId[]) {
    assert.notEqual(way(operation, { isPassedOn: true }), "leader");
  }
  assert.equal(way("restartBot", { isPassedOn: true }), "moved");
  assert.equal(way("listBots", { isPassedOn: true }), "here");
  assert.equal(way("restartBot", { isPassedOn: true, leads: true }), "here");
});
