/** A user's view of the versions of a bot: who started which, going back, and the watch that goes back by itself. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const LOOP = (word: string) =>
  `import time\ndef main(id, config):\n    print('${word}', flush=True)\n    while True: time.sleep(0.1)\n`;
const CRASH = "def main(id, config):\n    print('broken', flush=True)\n    raise RuntimeError('boom')\n";

async function deploy(service: ServiceFixture, main: string, ...more: string[]) {
  const folder = await writeBot(`${service.temp}/bot`, { "main.py": main });
  return await service.berth("deploy", folder, ...more);
}

async function botOf(service: ServiceFixture) {
  return await service.client.call("getBot", { params: { id: "my-bot" } });
}

async function historyOf({ client }: ServiceFixture) {
  return (await client.call("listRevisions", { params: { id: "my-bot" }, query: {} })).revisions;
}

async function logOf(service: ServiceFixture): Promise<string> {
  return (await service.berth("logs", "my-bot")).stdout;
}

Deno.test("berth rollback runs the code before again, and describe says who started which revision", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, LOOP("one"));
  await deploy(service, LOOP("two"));
  await until("the second runs", async () => /two/.test(await logOf(service)));
  const back = await service.berth("rollback", "my-bot");
  assert.equal(back.code, 0, back.output);
  assert.match(back.output, /^my-bot is back at revision 1 .*\nmy-bot runs, and has stayed up for 3 s$/);
  const lines = (await logOf(service)).split("\n").filter((line) => /(one|two)$/.test(line));
  assert.match(lines.at(-1)!, /one$/);
  await until("its start is noted", async () => (await botOf(service)).start !== undefined);
  const { stdout } = await service.berth("describe", "my-bot");
  assert.match(stdout, /^ {2}Revision +3, rollback by local \d+s ago$/m);
  assert.match(stdout, /^ {2}Started .* ago\): rollback by local$/m);
  assert.match(
    (await service.berth("history", "my-bot")).stdout,
    /^3 .* rollback to 1 .* deployed, running$/m,
  );
  await service.berth("restart", "my-bot");
  await until("it is started again", async () => (await botOf(service)).start?.trigger === "restart");
  const { start, exits } = await botOf(service);
  assert.deepEqual([start!.actor, start!.revision], ["local", 3]);
  assert.deepEqual(exits.map((exit) => exit.start?.revision), [3, 2, 1]);
  assert.match(start!.configHash!, /^[0-9a-f]{32}$/);
});

Deno.test("deploy --watch goes back by itself when the new version crash-loops, also after a restart of the service", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, LOOP("good"));
  const watched = await deploy(service, CRASH, "--watch", "2m");
  assert.equal(watched.code, 1, watched.output);
  assert.match(
    watched.output,
    /berth: my-bot does not run with revision 2: it ended 3 times in a row: .*exit code 1.*\nberth: The service has gone back to revision 1\./,
  );
  await until("the good one runs", async () => (await botOf(service)).state === "running");
  assert.deepEqual(
    (await historyOf(service)).map(({ trigger, actor, restores }) => [trigger, actor, restores]),
    [["watch", "local", 1], ["deploy", "local", undefined], ["deploy", "local", undefined]],
  );
  // The person who has deployed may leave, and so may the service.
  const left = await deploy(service, CRASH.replace("broken", "broken again"), "--watch", "2m", "--no-wait");
  assert.equal(left.code, 0, left.output);
  await service.stop();
  await service.start();
  await until("it is back", async () => (await historyOf(service))[0]!.trigger === "watch");
  await until("it runs", async () => (await botOf(service)).state === "running");
  const { watch } = await service.client.call("getDeployment", { params: { id: "my-bot" } });
  assert.deepEqual([watch!.state, watch!.revision, watch!.restored], ["went-back", 4, 3]);
});

Deno.test("deploy --watch says that a bot has done well, and that a first one has nothing to go back to", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const first = await deploy(service, CRASH, "--watch", "1m");
  assert.equal(first.code, 1);
  assert.match(first.output, /could not go back: it ended 3 times.*There is no earlier revision of 'my-bot'/);
  const good = await deploy(service, LOOP("good"), "--watch", "10s", "--json");
  assert.equal(good.code, 0, good.output);
  assert.equal(JSON.parse(good.stdout.split("\n").at(-1)!).watch.state, "well");
  assert.equal((await historyOf(service)).length, 2);
  const wrong = await service.berth("deploy", ".", "--watch", "5s");
  assert.deepEqual([wrong.code, /--watch takes a duration from 10s to 24h/.test(wrong.output)], [2, true]);
});

Deno.test("the archive of the container that runs stays, even if its revision is not kept", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { KEEP_REVISIONS: "1" } });
  await deploy(service, LOOP("one"));
  await until("its start is noted", async () => (await botOf(service)).start !== undefined);
  const filePath = (await historyOf(service))[0]!.filePath!;
  // This one cannot start, so the first keeps running.
  const { document } = await botOf(service);
  const custom = document!.custom as Record<string, unknown>;
  await service.client.call("putBot", {
    params: { id: "my-bot" },
    body: { ...document, custom: { ...custom, filePath: "none/such" } },
  });
  assert.match((await service.berth("prune")).stdout, /^Nothing to remove/);
  assert.ok(await service.composed.store.stat("custom-bots", filePath));
});

Deno.test("a run's record names the revision that it ran", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const folder = await writeBot(`${service.temp}/job`, {
    "bot-config.yaml": 'name: my-job\nversion: 1.0.0\nschedule: "0 9 * * *"\nentrypoints:\n  bot: main.py\n',
    "main.py": "def main(id, config):\n    return {'ok': True}\n",
  });
  await service.berth("deploy", folder);
  const { code, output } = await service.berth("run-now", "my-job", "--follow");
  assert.equal(code, 0, output);
  await until("its record is complete", async () => {
    const { runs: [run] } = await service.client.call("listRuns", { query: { schedule: "my-job" } });
    return run!.revision === 1 && /^[0-9a-f]{32}$/.test(run!.configHash ?? "") && run!.berth !== undefined;
  });
});
