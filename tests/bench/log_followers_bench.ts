/**
 * Measures what followers of logs cost the service: 100 followers of ten bots that print 100 lines a second in all. Run
 * with `deno run -A tests/bench/log_followers_bench.ts`; needs an engine and its images.
 *
 * @module
 */

import { followLog } from "../../cli/client/read_logs.ts";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { deployScript } from "../support/fixtures/deploy_support.ts";
import { berth, CliProcess, cliVariables } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { pause, until } from "../support/until.ts";
import { processorSeconds } from "../support/measures.ts";

const FOLLOWERS = 100;
const LINES_A_SECOND = 100;
const SECONDS = 20;
const BOTS = [1, 10];

for (const bots of BOTS) {
  const instance = `bench-${crypto.randomUUID().slice(0, 8)}`;
  await using fixture = await CliFixture.open(() => [instance]);
  const { temp } = fixture;
  const env = cliVariables(temp, { BERTH_INSTANCE: instance, LOG_LEVEL: "warning" });
  const flags = (await berth(env, "permissions")).trim().split(" ");
  await using service = CliProcess.start(["start"], env, [
    "--v8-flags=--max-semi-space-size=2,--optimize-for-size",
    ...flags,
  ]);
  using client = new ApiClient(serverOf(env));
  await until(
    "the service answers",
    async () => await client.call("listBots", { query: {} }).then(() => true, () => false),
    30_000,
  );
  const ids = Array.from({ length: bots }, (_, n) => `bot-${n}`);
  for (const id of ids) await deployScript(client, { id, script: programOf(LINES_A_SECOND / bots) });
  const ending = new AbortController();
  let lines = 0;
  const counts = Array.from({ length: FOLLOWERS }, () => 0);
  const followers = counts.map(async (_, n) => {
    for await (const update of followLog(client, ids[n % bots]!, { tail: 0 }, ending.signal)) {
      if (update.kind !== "line") continue;
      lines++;
      counts[n]!++;
    }
  });
  await until("lines for all", () => counts.every((count) => count > 0), 60_000);
  await pause(3000, "all is warm");
  const measure = async () => {
    const before = { cpu: await processorSeconds(service.pid), lines, time: performance.now() };
    await pause(SECONDS * 1000, "the followers follow");
    const seconds = (performance.now() - before.time) / 1000;
    return {
      core: (await processorSeconds(service.pid) - before.cpu) / seconds * 100,
      rate: (lines - before.lines) / seconds,
    };
  };
  const followed = await measure();
  ending.abort();
  await Promise.all(followers);
  await pause(3000, "nobody follows any more");
  const alone = await measure();
  console.log(
    `${FOLLOWERS} followers of ${bots} bots, ${LINES_A_SECOND} lines/s printed, ${
      followed.rate.toFixed(0)
    } lines/s sent: ` +
      `${followed.core.toFixed(1)} % of a core (under 20 %); nobody follows: ${alone.core.toFixed(1)} %`,
  );
  await berth(env, "remove", ...ids, "--yes");
  await until(
    "no bots are left",
    async () => (await client.call("listBots", { query: {} })).bots.length === 0,
    60_000,
  );
  service.kill("SIGTERM");
  await service.end();
}

function programOf(linesASecond: number): string {
  return `
import time
def main(id, config):
    next, n = time.monotonic(), 0
    while True:
        print("line", n, "of a bot that trades", flush=True)
        n += 1
        next += 1 / ${linesASecond}
        time.sleep(max(0, next - time.monotonic()))
`;
}
