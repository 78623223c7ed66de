import assert from "node:assert/strict";
import type { ContainerInfo } from "../../../../lib/engine/container_orchestrator.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import { containerName } from "../../../../lib/runner/container_name.ts";
import { ContainerOwnership } from "../../../../lib/runner/container_ownership.ts";
import { OwnContainers } from "../../../../lib/runner/own_containers.ts";
import { ALL_SEGMENTS } from "../../../../lib/runner/runner.ts";

interface Labels {
  readonly instance?: string;
  readonly kind?: "bot" | "run";
  readonly slot?: string;
  readonly name?: string;
}

function container(bot: string, { instance = "test", kind = "bot", slot, name }: Labels = {}): ContainerInfo {
  return {
    id: `id-of-${name ?? containerName(instance, kind, bot, slot)}`,
    name: name ?? containerName(instance, kind, bot, slot),
    image: "image",
    labels: {
      [LABEL.managed]: "true",
      [LABEL.instance]: instance,
      [LABEL.store]: "store",
      [LABEL.id]: bot,
      [LABEL.kind]: kind,
      ...(slot !== undefined && { [LABEL.slot]: slot }),
    },
    phase: "running",
    createdAt: new Date(0),
  };
}

/** An engine where names are cheap, and that counts its lists. */
function world(containers: readonly ContainerInfo[]) {
  const lists: Readonly<Record<string, string>>[] = [];
  const ownership = new ContainerOwnership("test");
  ownership.setOwner({ id: "store" });
  const own = new OwnContainers({
    ownership,
    namesOf: (kind, id, slots) =>
      kind === "bot"
        ? [containerName("test", kind, id)]
        : slots?.map((slot) => containerName("test", kind, id, slot)),
    orchestrator: {
      getStatus: (key) => Promise.resolve(containers.find(({ id, name }) => id === key || name === key)),
      listContainers: ({ labels = {} } = {}) => {
        lists.push(labels);
        const entries = Object.entries(labels);
        return Promise.resolve(
          containers.filter((each) => entries.every(([name, value]) => each.labels[name] === value)),
        );
      },
      async *watch() {},
    },
  });
  const find = async (...search: Parameters<OwnContainers["find"]>) =>
    (await own.find(...search)).map(({ containerName }) => containerName);
  return { own, lists, find };
}

Deno.test("OwnContainers reads the containers of a bot by their names, without a list", async () => {
  const { find, lists } = world([
    container("a"),
    container("b"),
    container("daily", { kind: "run", slot: "1" }),
    container("daily", { kind: "run", slot: "2" }),
  ]);
  assert.deepEqual(await find("bot", "a"), ["berth_test_bot_a"]);
  assert.deepEqual(await find("bot", "c"), []);
  assert.deepEqual(await find("run", "daily", { slots: ["2", "3"] }), ["berth_test_run_daily_2"]);
  assert.deepEqual(lists, []);
  assert.deepEqual(await find("run", "daily"), ["berth_test_run_daily_1", "berth_test_run_daily_2"]);
  assert.equal(lists.length, 1, "nobody knows the slots of all runs");
});

Deno.test("OwnContainers takes no container that only has the name of a bot's", async () => {
  const { find } = world([
    container("other", { name: "berth_test_bot_a" }),
    container("b", { kind: "run", name: "berth_test_bot_b" }),
  ]);
  assert.deepEqual(await find("bot", "a"), []);
  assert.deepEqual(await find("bot", "b"), []);
});

Deno.test("OwnContainers finds a bot that another instance of the store runs, once a list has shown it", async () => {
  const containers = [container("a", { instance: "old" }), container("b")];
  const { own, find } = world(containers);
  await own.list(ALL_SEGMENTS, { kind: "bot" });
  assert.deepEqual(await find("bot", "a"), ["berth_old_bot_a"]);
  containers.push(container("a"));
  assert.deepEqual(await find("bot", "a"), ["berth_test_bot_a", "berth_old_bot_a"]);
  containers.shift();
  await own.list(ALL_SEGMENTS, { kind: "run" });
  assert.deepEqual(await find("bot", "a"), ["berth_test_bot_a"], "it is gone");
  await own.list(ALL_SEGMENTS, { kind: "bot" });
  assert.deepEqual(await find("bot", "b"), ["berth_test_bot_b"]);
});
