import assert from "node:assert/strict";
import type {
  ContainerInfo,
  ContainerOrchestrator,
  ContainerPhase,
} from "../../../../lib/engine/container_orchestrator.ts";
import { ContainerOwnership } from "../../../../lib/runner/container_ownership.ts";
import { ContainerRemover } from "../../../../lib/runner/container_remover.ts";
import { EngineUnavailableError } from "../../../../lib/errors.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import { Workspaces } from "../../../../lib/code/workspaces.ts";

const OWN_LABELS = { [LABEL.managed]: "true", [LABEL.instance]: "test" };

/** An engine in memory: what happens inside its answers decides races that a real one decides by chance. */
class Engine {
  readonly containers = new Map<string, ContainerInfo>();
  /** Called when a list has been read and is on its way. */
  afterList: () => Promise<void> = () => Promise.resolve();
  isDown = false;

  add(name: string, phase: ContainerPhase, folder: string, kind = "bot"): void {
    const labels = { ...OWN_LABELS, [LABEL.kind]: kind, [LABEL.id]: name, [LABEL.folder]: folder };
    this.containers.set(name, { id: name, name, image: "image", labels, phase, createdAt: new Date(0) });
  }

  get orchestrator(): ContainerOrchestrator {
    const calls: Partial<ContainerOrchestrator> = {
      listContainers: async () => {
        if (this.isDown) throw new EngineUnavailableError("down");
        const list = [...this.containers.values()];
        await this.afterList();
        return list;
      },
      removeUnusedVolumes: () => Promise.resolve(),
      getStatus: (name) => Promise.resolve(this.containers.get(name)),
      remove: (name) => Promise.resolve(void this.containers.delete(name)),
    };
    return calls as ContainerOrchestrator;
  }
}

class RemoverFixture implements AsyncDisposable {
  readonly engine = new Engine();
  readonly workspaces: Workspaces;
  readonly remover: ContainerRemover;
  readonly #parent: string;

  private constructor(parent: string) {
    this.#parent = parent;
    this.workspaces = new Workspaces(parent);
    this.remover = new ContainerRemover({
      orchestrator: this.engine.orchestrator,
      workspaces: this.workspaces,
      secrets: { remove: () => Promise.resolve(), names: () => Promise.resolve([]) },
      ownership: new ContainerOwnership("test"),
    });
  }

  static async open(): Promise<RemoverFixture> {
    return new RemoverFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
  }

  /** Makes a folder, as a start does. */
  readonly begin = (): Promise<string> => this.workspaces.create("bot");

  readonly exists = (folder: string): Promise<boolean> =>
    Deno.stat(this.workspaces.path(folder)).then(() => true, () => false);

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true });
  }
}

Deno.test("ContainerRemover.removeOrphans() removes what nobody will start, with its folder, and bare folders", async () => {
  await using fixture = await RemoverFixture.open();
  const { engine, workspaces, remover, begin, exists } = fixture;
  const [created, bare, running] = [await begin(), await begin(), await begin()];
  engine.add("created", "pending", created);
  engine.add("running", "running", running);
  engine.add("helper", "exited", "", "cleanup");
  for (const folder of [created, bare, running]) workspaces.release(folder);
  assert.deepEqual((await remover.removeOrphans("image")).sort(), ["created", "helper", bare].sort());
  assert.deepEqual([...engine.containers.keys()], ["running"]);
  assert.deepEqual([await exists(created), await exists(bare), await exists(running)], [
    false,
    false,
    true,
  ]);
});

Deno.test("ContainerRemover.removeOrphans() spares a start that ends while the list is on its way", async () => {
  await using fixture = await RemoverFixture.open();
  const { engine, workspaces, remover, begin, exists } = fixture;
  const [early, late] = [await begin(), await begin()];
  engine.add("early", "pending", early);
  engine.afterList = () => {
    // One that the list shows as not started yet, one that it does not show at all.
    engine.add("early", "running", early);
    engine.add("late", "running", late);
    workspaces.release(early);
    workspaces.release(late);
    return Promise.resolve();
  };
  assert.deepEqual(await remover.removeOrphans("image"), []);
  assert.deepEqual([...engine.containers.keys()], ["early", "late"]);
  assert.deepEqual([await exists(early), await exists(late)], [true, true]);
});

Deno.test("ContainerRemover.removeOrphans() spares starts and removals that are under way", async () => {
  await using fixture = await RemoverFixture.open();
  const { engine, remover, begin, exists } = fixture;
  const [starting, removing] = [await begin(), await begin()];
  engine.add("starting", "pending", starting);
  engine.add("helper", "running", removing, "cleanup");
  assert.deepEqual(await remover.removeOrphans("image"), []);
  assert.deepEqual([...engine.containers.keys()], ["starting", "helper"]);
  assert.deepEqual([await exists(starting), await exists(removing)], [true, true]);
});

Deno.test("ContainerRemover.removeOrphans() takes no answer for no empty list", async () => {
  await using fixture = await RemoverFixture.open();
  const { engine, workspaces, remover, begin, exists } = fixture;
  const running = await begin();
  workspaces.release(running);
  engine.isDown = true;
  await assert.rejects(remover.removeOrphans("image"), EngineUnavailableError);
  assert.equal(await exists(running), true);
});

Deno.test("ContainerRemover.removeOrphans() goes on after what it cannot remove", async () => {
  await using fixture = await RemoverFixture.open();
  const { workspaces, remover, begin, exists } = fixture;
  await Deno.mkdir(workspaces.path(" not a workspace"));
  const bare = await begin();
  workspaces.release(bare);
  assert.deepEqual(await remover.removeOrphans("image"), [bare]);
  assert.equal(await exists(bare), false);
});
