/** The metrics of real bots at /metrics, and their cost. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { samplesOf } from "../support/metrics_page.ts";
import { HAS_PROMTOOL, promtool } from "../support/promtool.ts";
import { until } from "../support/until.ts";

const TRADER = `import time
def main(id, config):
    for n in range(2000):
        print('{"_metric":"noise%d","value":%d}' % (n, n))
    print('{"_metric":"equity","value":"12"}')
    print('{"_metric":"pnl","value":NaN}')
    while True:
        print('{"_metric":"equity","value":1234.5,"currency":"USD"}', flush=True)
        time.sleep(0.2)
`;
const QUIET = "import time\ndef main(id, config):\n    print('quiet')\n    while True: time.sleep(1)\n";
const CRASH = "def main(id, config):\n    raise RuntimeError('boom')\n";

async function scrape(service: ServiceFixture, accept = "text/plain"): Promise<string> {
  const { body } = await ask(service, "/metrics", { accept });
  return body;
}

async function ask(service: ServiceFixture, path: string, headers: Record<string, string> = {}) {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: service.socket } });
  const response = await fetch(`http://berth${path}`, { client, headers } as RequestInit);
  return { status: response.status, body: await response.text() };
}

Deno.test("/metrics shows bots that run and bots that crash, and promtool accepts it", async () => {
  await using service = await ServiceFixture.open({
    engine: true,
    env: { METRICS_ALLOW: "equity,pnl", LOG_INTERVAL: "1" },
  });
  await service.berth("deploy", await writeBot(`${service.temp}/trader`, { "main.py": TRADER }));
  const crashing = await writeBot(`${service.temp}/crash`, { "main.py": CRASH });
  await service.berth("deploy", crashing, "--id", "crash", "--no-wait");
  let samples = new Map<string, number>();
  await until("everything is there", async () => {
    samples = samplesOf(await scrape(service));
    return samples.has(`berth_bot_metric{bot="my-bot",metric="equity",field="value"}`) &&
      samples.has(`berth_bot_restarts_total{bot="crash",reason="crashed"}`) &&
      samples.has(`berth_bot_memory_bytes{bot="my-bot"}`);
  });
  const of = (name: string) => samples.get(name) ?? NaN;
  assert.equal(of(`berth_bot_metric{bot="my-bot",metric="equity",field="value"}`), 1234.5);
  assert.equal([...samples.keys()].filter((name) => name.startsWith("berth_bot_metric{")).length, 1);
  assert.equal(of(`berth_bot_up{bot="my-bot"}`), 1);
  assert.equal(of(`berth_bot_state{bot="my-bot",state="running"}`), 1);
  assert.ok(of(`berth_bot_cpu_seconds_total{bot="my-bot"}`) > 0);
  assert.ok(of(`berth_bot_memory_limit_bytes{bot="my-bot"}`) > of(`berth_bot_memory_bytes{bot="my-bot"}`));
  assert.ok(of(`berth_container_start_duration_seconds_count{kind="bot"}`) >= 3);
  assert.ok(of(`berth_engine_call_duration_seconds_count{call="start"}`) >= 3);
  assert.ok(of("berth_log_lines_total") >= 2003);
  assert.ok(of("berth_log_bytes_total") > of("berth_log_lines_total"));
  assert.equal(of("berth_log_lost_lines_total"), 0);
  assert.equal(of(`berth_store_errors_total{store="objects"}`), 0);
  assert.ok(of("berth_usage_age_seconds") < 60);

  assert.match(await scrape(service, "application/openmetrics-text"), /\n# EOF\n$/);
  if (HAS_PROMTOOL) assert.equal(await promtool(["check", "metrics"], await scrape(service)), "");

  const ready = await ask(service, "/readyz");
  assert.equal(ready.status, 200, ready.body);

  // Another bot that takes the id of a removed one begins without its numbers.
  await service.berth("remove", "my-bot", "--yes");
  const quiet = await writeBot(`${service.temp}/quiet`, { "main.py": QUIET });
  await service.berth("deploy", quiet, "--id", "my-bot");
  await until(
    "its line is stored",
    async () => (await service.berth("logs", "my-bot")).stdout.includes("quiet"),
  );
  samples = samplesOf(await scrape(service));
  assert.equal(of(`berth_bot_up{bot="my-bot"}`), 1);
  assert.deepEqual([...samples.keys()].filter((name) => name.startsWith("berth_bot_metric{")), []);
});
