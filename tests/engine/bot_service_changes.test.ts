import assert from "node:assert/strict";
import { BOT, type BotDocument, BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { noteRequests } from "../support/servers/engine_requests.ts";
import { until } from "../support/until.ts";

/** The ways in which a bot's code can change. */
const CHANGES: Record<string, (document: BotDocument) => void> = {
  config: ({ config }) => config.changed = true,
  version: ({ custom }) => custom.version = "2",
  path: ({ custom }) => custom.filePath = "bot/2",
  runtime: ({ custom }) => {
    custom.config.runtime = "nodejs20";
    custom.config.entrypoints.bot = "main.js";
  },
  entrypoint: ({ custom }) => custom.config.entrypoints.bot = "other.py",
};

Deno.test("BotService replaces what was changed while it was down, each bot once", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, start, code, proxies, id } = fixture;
  for (const key of ["bot/1", "bot/2"]) {
    await code.put(key, {
      "main.py": BOT,
      "other.py": BOT,
      "main.js": "module.exports = () => new Promise(() => setInterval(() => {}, 1000));",
    });
  }
  for (const name of [...Object.keys(CHANGES), "same"]) await write(document(name));
  const names = Object.fromEntries([...Object.keys(CHANGES), "same"].map((name) => [name, undefined]));
  {
    await using _berth = start();
    await untilRunning(fixture, names);
  }
  const before = await untilRunning(fixture, names);
  for (const [name, change] of Object.entries(CHANGES)) {
    const changed = document(name);
    change(changed);
    await write(changed);
  }
  const requests = noteRequests(proxies.engine);
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  const isReplaced = (name: string) =>
    berth.lines.some((line) => line.includes(`bot started id=${id(name)} `));
  await until("every change's start", () => Object.keys(CHANGES).every(isReplaced), 60_000);
  const after = await untilRunning(fixture, names);
  // Another look at all of them finds nothing to do.
  const lists = () => requests.filter(({ path }) => path === "/containers/json").length;
  const seen = lists();
  await until("two more lists", () => lists() >= seen + 2);
  const creates = requests.filter(({ path }) => path === "/containers/create");
  assert.equal(creates.length, Object.keys(CHANGES).length);
  const pidOf = (containers: typeof after) => containers.find(({ bot }) => bot === id("same"))?.pid;
  assert.equal(pidOf(after), pidOf(before));
});

Deno.test("BotService ends in the last state when a bot is changed back and forth, one restart at a time", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, proxies } = fixture;
  await using _berth = start();
  await publish("created", document("one", { state: 0 }));
  await untilRunning(fixture, { one: { state: 0 } });
  const requests = noteRequests(proxies.engine);
  for (let change = 1; change <= 99; change++) {
    await publish("updated", document("one", { state: change % 2 }));
  }
  await publish("updated", document("one", { state: "last" }));
  await untilRunning(fixture, { one: { state: "last" } });
  // A container whose last lines are not stored within half a second makes room, and is removed once they are.
  const moved = new Set<string>();
  const steps = requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/wait"))
    .flatMap(({ method, path }) => {
      const [, container, step] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
      if (method === "DELETE") return moved.has(container!) ? [] : ["remove"];
      if (step !== "rename") return [step ?? container];
      moved.add(container!);
      return ["remove"];
    });
  assert.match(steps.join(" "), /^(stop remove create start ?)+$/);
});
