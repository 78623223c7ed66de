import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { isOpenRun } from "../../services/schedules/run_repository.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { watchLive } from "../support/live_watch.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { until } from "../support/until.ts";

const LOOP =
  "import time\ndef main(id, config):\n    print('runs', flush=True)\n    while True: time.sleep(0.05)\n";

Deno.test("DockerRunner.startContainer() finds a container that was renamed by hand, and starts no second one", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy, containers } = fixture;
  const executable = await deploy({ "main.py": LOOP });
  const first = await runner.startContainer(executable);
  await linesUntil(runner, first.containerId, /runs/);
  await rename(first.containerId, `mine-${executable.id}`);
  const again = await runner.startContainer(executable, { wait: false });
  assert.deepEqual([again.containerId, again.created], [first.containerId, false]);
  assert.equal(again.containerName, `mine-${executable.id}`);
  await assert.rejects(
    runner.startContainer({ ...executable, config: '{"other":1}' }),
    /a container of the same bot, 'mine-.*', runs with another specification/,
  );
  assert.equal((await containers()).length, 1);
  await runner.stopContainer(first.containerId);
});

Deno.test("DockerRunner.startContainer() says which container holds its name, and leaves that one alone", async () => {
  await using fixture = await RunnerFixture.open();
  const { runner, deploy } = fixture;
  const one = await deploy({ "main.py": LOOP });
  const two = await deploy({ "main.py": LOOP });
  const { containerId, containerName } = await runner.startContainer(one);
  await rename(containerId, containerName.replace(one.id, two.id));
  await assert.rejects(runner.startContainer(two), (error: Error) => {
    assert.match(error.message, new RegExp(`container of bot '${one.id}' has this name .*docker rename`));
    return true;
  });
  assert.equal((await runner.getContainerStatus(containerId))?.phase, "running");
  await runner.removeContainer(containerId);
});

Deno.test("BotService keeps one live container of a bot whose container was renamed by hand, whatever happens next", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, publish, start, id, docker } = fixture;
  await using live = await watchLive(
    docker,
    (labels) => labels[LABEL.instance] === fixture.env.BERTH_INSTANCE,
  );
  await write(document("one"));
  start();
  const [first] = await untilRunning(fixture, { one: {} });
  await rename(first!.id, `${id("one")}-renamed`);
  // A change of nothing leaves it as it is.
  await publish("updated", { ...document("one"), enabled: true });
  await publish("updated", document("one", { symbol: "BTC" }));
  const [second] = await untilRunning(fixture, { one: { symbol: "BTC" } });
  assert.notEqual(second!.id, first!.id);
  await rename(second!.id, `${id("one")}-renamed`);
  await docker.getContainer(second!.id).kill();
  await until("it is started again", async () => {
    const [now, ...more] = await fixture.containers();
    return now?.running === true && now.attempt === 2 && more.length === 0;
  });
  const [third] = await untilRunning(fixture, { one: { symbol: "BTC" } });
  await rename(third!.id, `${id("one")}-renamed`);
  await publish("updated", { ...document("one", { symbol: "BTC" }), enabled: false });
  await until("it is stopped", async () => (await fixture.containers()).length === 0);
  assert.deepEqual(live.doubles, []);
});

Deno.test("ScheduleService records and removes a run whose container was renamed by hand", async () => {
  await using fixture = await RunFixture.open();
  const { id, runs } = fixture;
  await fixture.start({ SERVICES: "schedules" }).logged(/service started/);
  const slot = await fixture.schedule("job", { takes: 3 });
  await until("it runs", async () => (await fixture.container("job"))?.running === true, 20_000);
  const { id: containerId } = (await fixture.container("job"))!;
  await rename(containerId, `${id("job")}-renamed`);
  await until("its record is closed", async () => {
    const [record] = await runs.list(id("job"), { limit: 1 });
    return record !== undefined && !isOpenRun(record);
  }, 20_000);
  const [record] = await runs.list(id("job"), { limit: 1 });
  assert.deepEqual([record?.slot, record?.state, record?.resultStatus], [slot, "succeeded", "stored"]);
  await until("it is removed", async () => (await fixture.containers()).length === 0);
  assert.deepEqual([...fixture.starts.values()], [1]);
});

async function rename(container: string, name: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("docker", { args: ["rename", container, name] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
