import assert from "node:assert/strict";
import type { BotCondition } from "../../../../services/bots/bot_condition.ts";
import { BotTable } from "../../../../services/bots/bot_table.ts";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import { StatusReports } from "../../../../services/bots/status_reports.ts";

Deno.test("the status of a bot that backs off says how many starts there were", () => {
  const [bots, state] = [new BotTable(), new ServiceState()];
  const reports = new StatusReports({ bots, state, runner: { waitingLogs: () => undefined } });
  const until = new Date();
  const condition: BotCondition = { type: "backing-off", until, nextAttempt: 4, exitCode: 1 };
  reports.show("a", { desired: undefined }, condition);
  reports.show("b", { desired: undefined }, { type: "disabled" });
  assert.equal(state.getRunningBot("a")?.attempt, 3);
  assert.equal(state.getRunningBot("a")?.containerId, undefined);
  assert.equal(state.getRunningBot("b")?.attempt, undefined);
});
