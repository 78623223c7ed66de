import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { pause, until } from "../support/until.ts";

async function untilAllRun({ containers }: EmbeddedFixture, count: number): Promise<string[]> {
  await until(`${count} bots run`, async () => {
    const found = await containers();
    return found.length === count && found.every(({ running }) => running);
  });
  return (await containers()).map(({ id }) => id);
}

/** Waits for this many full reads of a service that reads every second. */
async function reads(count: number): Promise<void> {
  await pause(count * 1000 + 500, "a service that reads every second does so");
}

Deno.test("BotService on other documents stops, replaces and removes nothing, and says whose the containers are", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, id, containers } = fixture;
  for (const name of ["a", "b", "c"]) await write(name);
  const first = start();
  const ids = await untilAllRun(fixture, 3);
  await first[Symbol.asyncDispose]();
  const other = `${fixture.temp}/other`;
  // The same id there is another bot, one is not, and one that has exited is kept as it is.
  await write("a", { symbol: "BTC" }, other);
  await fixture.docker.getContainer(ids[2]!).kill();
  const second = start({ DATA_DIR: other, BOTS_ON_SHUTDOWN: "stop" });
  await second.logged(/containers of another document store are left alone.*count.*3.*berth start --adopt/);
  await second.logged(/bot needs attention.*blocked: container .* belongs to another document store/);
  await reads(4);
  await second[Symbol.asyncDispose]();
  assert.deepEqual((await containers()).map(({ id, running }) => [id, running]), [
    [ids[0], true],
    [ids[1], true],
    [ids[2], false],
  ]);
  // Only the kill of this test.
  const ended = fixture.live.history.filter(({ action, containerId }) =>
    // Other tests' bots are on the same engine.
    action !== "start" && ids.includes(containerId)
  ).map(({ containerId }) => containerId);
  assert.deepEqual([...new Set(ended)], [ids[2]]);
  // Its own service takes all of them up again.
  start();
  await untilAllRun(fixture, 3);
  assert.deepEqual((await containers()).slice(0, 2).map(({ id }) => id), ids.slice(0, 2));
  assert.equal((await containers()).at(-1)!.bot, id("c"));
  assert.deepEqual(fixture.live.doubles, []);
});

Deno.test("berth start --adopt takes over running containers of another store, for good", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, containers } = fixture;
  for (const name of ["a", "b"]) await write(name);
  const first = start();
  const ids = await untilAllRun(fixture, 2);
  await first[Symbol.asyncDispose]();
  const moved = `${fixture.temp}/moved`;
  await write("a", {}, moved);
  await write("b", { symbol: "BTC" }, moved);
  const second = start({ DATA_DIR: moved }, ["--adopt"]);
  await second.logged(/containers adopted.*count.*2/);
  await until("b is replaced", async () => (await containers())[1]?.config.symbol === "BTC");
  assert.equal((await containers())[0]!.id, ids[0]);
  await second[Symbol.asyncDispose]();
  // Without the option it knows what it has taken over.
  const third = start({ DATA_DIR: moved });
  await third.logged(/service started/);
  await write("a", { symbol: "ETH" }, moved);
  await until("a is replaced", async () => (await containers())[0]?.config.symbol === "ETH");
  assert.deepEqual(fixture.live.doubles, []);
});

Deno.test("BotService takes containers without a store's identity for its own, and keeps them for an empty store", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, containers, docker, id } = fixture;
  await write("a");
  const first = start();
  const [made] = await untilAllRun(fixture, 1);
  await first[Symbol.asyncDispose]();
  // As an earlier version has made it: the same container without the label.
  const { Config, HostConfig, Name } = await docker.getContainer(made!).inspect();
  const { [LABEL.store]: store, ...labels } = Config.Labels;
  assert.match(store!, /^[0-9a-f-]{36}$/);
  await docker.getContainer(made!).remove({ force: true });
  const old = await docker.createContainer({
    ...Config,
    Labels: labels,
    HostConfig,
    name: Name.slice(1),
  });
  await old.start();
  const second = start({ DATA_DIR: `${fixture.temp}/empty` });
  await second.logged(/mass stop held back/);
  await second.logged(/The document store is empty/);
  assert.deepEqual((await containers()).map(({ id, running }) => [id, running]), [[old.id, true]]);
  await second[Symbol.asyncDispose]();
  const third = start();
  await third.logged(/service started/);
  await write("a", { symbol: "BTC" });
  await until("its replacement runs", async () => {
    const [now, ...others] = await containers();
    return now?.config.symbol === "BTC" && now.running && others.length === 0;
  });
  assert.equal((await containers())[0]?.bot, id("a"));
  assert.deepEqual(fixture.live.doubles, []);
});
