import assert from "node:assert/strict";
import { SupervisorConfigs } from "../../../../lib/cluster/supervisor_configs.ts";
import { SupervisorProgram } from "../../../../lib/cluster/supervisor/supervisor_program.ts";
import type { NewSwarmObject } from "../../../../lib/engine/swarm/swarm_objects.ts";
import { EngineError } from "../../../../lib/errors.ts";

/** The configs of a Swarm. */
class World {
  readonly stored = new Map<string, NewSwarmObject>();
  readonly used = new Set<string>();
  lists = 0;

  create(object: NewSwarmObject): Promise<string | undefined> {
    if (this.stored.has(object.name)) return Promise.resolve(undefined);
    this.stored.set(object.name, object);
    return Promise.resolve(`id-${object.name}`);
  }

  list() {
    this.lists++;
    return Promise.resolve(
      [...this.stored.keys()].map((Name) => ({ ID: `id-${Name}`, CreatedAt: "", Spec: { Name } })),
    );
  }

  remove(id: string): Promise<boolean> {
    const name = id.slice("id-".length);
    return Promise.resolve(!this.used.has(name) && this.stored.delete(name));
  }
}

const file = (path: string, text: string) => ({ path, content: new TextEncoder().encode(text) });
const SCRIPT = file("/berth-supervisor/supervisor.sh", "script");
const PART = file("/berth-supervisor/x86_64.0", "program");

Deno.test("SupervisorConfigs stores a file once, and only those that are asked for", async () => {
  const world = new World();
  const configs = new SupervisorConfigs(world, [SCRIPT, PART]);
  const [script] = await configs.ensure([SCRIPT]);
  assert.deepEqual([script!.target, script!.mode], [SCRIPT.path, 0o444]);
  assert.equal(world.stored.size, 1);
  const [again, part] = await configs.ensure([SCRIPT, PART]);
  assert.equal(again!.id, script!.id);
  assert.deepEqual([...world.stored.values()].map(({ content }) => content), [SCRIPT.content, PART.content]);
  const lists = world.lists;
  await Promise.all([configs.ensure([PART]), configs.ensure([SCRIPT, PART])]);
  assert.equal(world.lists, lists);
  // Another Berth has removed it.
  world.stored.delete(part!.name);
  assert.deepEqual(await configs.ensureAgain([part!]), [part]);
  assert.equal(world.stored.size, 2);
});

Deno.test("SupervisorConfigs removes the configs of other versions that no service uses", async () => {
  const world = new World();
  const own = new SupervisorConfigs(world, [SCRIPT]);
  const other = new SupervisorConfigs(world, [SCRIPT, PART, file("/x", "used")]);
  await own.ensure([SCRIPT]);
  const [, part, used] = await other.ensure([SCRIPT, PART, file("/x", "used")]);
  world.used.add(used!.name);
  assert.deepEqual(await own.removeUnused(), [part!.name]);
  assert.equal(world.stored.size, 2);
});

Deno.test("SupervisorConfigs says which config the Swarm does not take", async () => {
  const world = new World();
  world.create = () => Promise.resolve(undefined);
  await assert.rejects(new SupervisorConfigs(world, [SCRIPT]).ensure([SCRIPT]), EngineError);
});

Deno.test("SupervisorProgram has parts that fit into configs, and a version for each content", () => {
  const programs = { x86_64: new Uint8Array(2_000_001).fill(1), aarch64: new Uint8Array(10) };
  const program = new SupervisorProgram(programs);
  const parts = program.parts.get("x86_64")!;
  assert.deepEqual(
    parts.map(({ path }) => path),
    [0, 1, 2].map((part) => `/berth-supervisor/x86_64.${part}`),
  );
  assert.deepEqual(parts.map(({ content }) => content.length), [1_000_000, 1_000_000, 1]);
  assert.match(program.version, /^[0-9a-f]{16}$/);
  assert.equal(new SupervisorProgram({ ...programs }).version, program.version);
  assert.notEqual(
    new SupervisorProgram({ ...programs, aarch64: new Uint8Array(11) }).version,
    program.version,
  );
});
