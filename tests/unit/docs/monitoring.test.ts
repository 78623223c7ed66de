import assert from "node:assert/strict";
import { fullPage } from "../../support/metrics_page.ts";
import { ROOT } from "../../support/builders/doc_blocks.ts";

const FOLDER = `${ROOT}docs/monitoring`;
const NAME = /\b(?:berth|process)_[a-z][a-z_]*\b/g;

/** Names of all metrics, as a page declares them. */
function declared(): string[] {
  return [...fullPage().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
}

Deno.test("rules and dashboard query only metrics that exist", async () => {
  const names = new Set(declared());
  for (const file of ["alerts.yml", "alerts_test.yml", "grafana.json"]) {
    const used = (await Deno.readTextFile(`${FOLDER}/${file}`)).match(NAME)!;
    assert.ok(used.length > 5, file);
    const unknown = used.filter((name) => !names.has(name) && !names.has(name.replace(/_bucket$/, "")));
    assert.deepEqual(unknown, [], file);
  }
});

Deno.test("docs/monitoring.md lists every metric, and no other", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/monitoring.md`);
  const listed = [...page.matchAll(/^\| `([a-z_]+)`/gm)].map(([, name]) => name);
  assert.deepEqual(listed.toSorted(), declared().toSorted());
});
