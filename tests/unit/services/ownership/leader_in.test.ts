import assert from "node:assert/strict";
import { leaderIn } from "../../../../services/ownership/leader_in.ts";
import { serviceRecord } from "../../../contract/service_registry_contract.ts";

Deno.test("leaderIn() gives the last one that serves the scope, and none that has ended", () => {
  const scope = serviceRecord();
  const old = serviceRecord({ epoch: 1, token: "old", url: "http://10.0.0.1:8420" });
  const now = serviceRecord({ epoch: 2, token: "now", url: "http://10.0.0.2:8420" });
  const other = serviceRecord({ epoch: 3, token: "other", service: "schedules" });
  assert.equal(leaderIn([now, old, other], scope)?.url, "http://10.0.0.2:8420");
  assert.equal(leaderIn([old, { ...now, state: "released" }], scope)?.token, "old");
  assert.equal(leaderIn([{ ...old, state: "ended" }], scope), undefined);
  assert.equal(leaderIn([serviceRecord()], scope)?.url, undefined);
});
