import assert from "node:assert/strict";
import type { SwarmNode, SwarmService, SwarmTask } from "../../../../../lib/engine/swarm/swarm_answers.ts";
import { SwarmContainerReader } from "../../../../../lib/engine/swarm/swarm_container_reader.ts";
import type { SwarmFilters, SwarmServices } from "../../../../../lib/engine/swarm/swarm_services.ts";
import { systemClock } from "../../../../../lib/util/clock.ts";

const idOf = (name: string) => `id0of0${name.replaceAll(/\W|_/g, "0")}`.padEnd(25, "0");

function runningTask(name: string): SwarmTask {
  return {
    ID: `task-of-${name}`,
    ServiceID: idOf(name),
    CreatedAt: "2026-01-31T10:00:00Z",
    NodeID: "n1",
    DesiredState: "running",
    Status: { Timestamp: "2026-01-31T10:00:00Z", State: "running" },
  };
}

/** A Swarm whose services run, unless they are named as new; lists take beginnings of ids and names, as its own do. */
class FakeSwarm {
  readonly calls: string[] = [];
  onTasks = () => {};
  readonly #names: Set<string>;
  readonly #isNew: ReadonlySet<string>;

  constructor(names: readonly string[], isNew: readonly string[] = []) {
    this.#names = new Set([...names, ...isNew]);
    this.#isNew = new Set(isNew);
  }

  remove(name: string): void {
    this.#names.delete(name);
  }

  readonly reader = new SwarmContainerReader({
    list: (filters: SwarmFilters) => {
      this.calls.push(`services by ${Object.keys(filters).join()}`);
      const { id, name, label } = filters;
      return Promise.resolve(
        this.#services().filter(({ ID, Spec: { Name } }) =>
          label !== undefined || id?.some((wanted) => ID.startsWith(wanted)) ||
          name?.some((wanted) => Name.startsWith(wanted))
        ),
      );
    },
    find: (key: string) => {
      this.calls.push("service");
      return Promise.resolve(this.#services().find(({ ID, Spec: { Name } }) => ID === key || Name === key));
    },
    tasksOf: (services: readonly { id: string; name: string }[]) => {
      this.calls.push("tasks");
      this.onTasks();
      const running = services.filter(({ name }) => this.#names.has(name) && !this.#isNew.has(name));
      return Promise.resolve(running.map(({ name }) => runningTask(name)));
    },
    tasks: () => {
      this.onTasks();
      const running = [...this.#names].filter((name) => !this.#isNew.has(name));
      return Promise.resolve(running.map(runningTask));
    },
    nodes: () => Promise.resolve([{ ID: "n1", Status: { State: "ready" } } as SwarmNode]),
  } as unknown as SwarmServices, systemClock);

  #services(): SwarmService[] {
    return [...this.#names].map((Name) => ({
      ID: idOf(Name),
      Version: { Index: 1 },
      CreatedAt: new Date().toISOString(),
      Spec: { Name, TaskTemplate: {} },
    }));
  }

  async phases(...containers: readonly string[]): Promise<(string | undefined)[]> {
    const found = await Promise.all(
      containers.map((container) => this.reader.getStatus(container, {})),
    );
    return found.map((info) => info && `${info.name} ${info.phase}`);
  }
}

Deno.test("SwarmContainerReader reads many by their names in one list, and mixes up none", async () => {
  const swarm = new FakeSwarm(["berth_t_bot_a", "berth_t_bot_ab", "berth_t_bot_c"]);
  const phases = await swarm.phases("berth_t_bot_a", "berth_t_bot_b", "berth_t_bot_c");
  assert.deepEqual(phases, ["berth_t_bot_a running", undefined, "berth_t_bot_c running"]);
  assert.deepEqual(swarm.calls, ["services by name", "tasks"]);
});

Deno.test("SwarmContainerReader reads names and ids at the same time", async () => {
  const swarm = new FakeSwarm(["berth_t_bot_a", "berth_t_bot_b", "berth_t_bot_c"]);
  const ids = ["berth_t_bot_b", "berth_t_bot_c"].map(idOf);
  assert.deepEqual(await swarm.phases("berth_t_bot_a", ...ids, idOf("gone")), [
    "berth_t_bot_a running",
    "berth_t_bot_b running",
    "berth_t_bot_c running",
    undefined,
  ]);
});

Deno.test("SwarmContainerReader tells a new service from one that is removed while it reads", async () => {
  const names = ["berth_t_bot_gone", "berth_t_bot_new"];
  for (const asked of [names, names.map(idOf), ["berth_t_bot_gone"], [idOf("berth_t_bot_gone")]]) {
    const swarm = new FakeSwarm(["berth_t_bot_gone"], ["berth_t_bot_new"]);
    swarm.onTasks = () => swarm.remove("berth_t_bot_gone");
    const expected = [undefined, "berth_t_bot_new starting"];
    assert.deepEqual(await swarm.phases(...asked), expected.slice(0, asked.length), asked.join());
  }
});

Deno.test("SwarmContainerReader lists no service that is removed while it reads", async () => {
  const swarm = new FakeSwarm(["berth_t_bot_gone", "berth_t_bot_stays"], ["berth_t_bot_new"]);
  swarm.onTasks = () => swarm.remove("berth_t_bot_gone");
  const listed = await swarm.reader.list({ labels: { a: "b" } });
  assert.deepEqual(listed.map(({ name, phase }) => `${name} ${phase}`), [
    "berth_t_bot_stays running",
    "berth_t_bot_new starting",
  ]);
});
