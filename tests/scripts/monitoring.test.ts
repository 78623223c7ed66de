import assert from "node:assert/strict";
import { ROOT } from "../support/builders/doc_blocks.ts";
import { fullPage } from "../support/metrics_page.ts";
import { HAS_PROMTOOL, promtool } from "../support/promtool.ts";

const FOLDER = `${ROOT}docs/monitoring`;

Deno.test("promtool accepts the rules, their tests and every metric", { ignore: !HAS_PROMTOOL }, async () => {
  await promtool(["check", "rules", `${FOLDER}/alerts.yml`]);
  await promtool(["test", "rules", `${FOLDER}/alerts_test.yml`]);
  await promtool(["check", "config", "--syntax-only", `${FOLDER}/prometheus.yml`]);
  // Without complaints about names, units or help.
  assert.equal(await promtool(["check", "metrics"], fullPage()), "");
});
