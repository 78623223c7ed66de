import assert from "node:assert/strict";
import { LeaseHeldError } from "../../../../lib/cluster/cluster_leases.ts";
import { ClusterStarter, type ClusterStarterOptions } from "../../../../lib/cluster/cluster_starter.ts";
import { EngineError } from "../../../../lib/errors.ts";
import { parseExecutable } from "../../../../lib/executable/executable.ts";
import { StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";

const GRID = parseExecutable({ id: "grid", entrypointFiles: { bot: "main.py" }, filePath: "me/grid/1" });

/**
 * Starts a bot on a cluster that takes no order. @returns The holders that asked for the lease, and those that gave it
 * back.
 */
async function start(answers: readonly (Error | undefined)[]) {
  const asked: string[] = [];
  const released: string[] = [];
  const left = [...answers];
  const starter = new ClusterStarter({
    config: {
      instance: "main",
      bounds: {},
      startConcurrency: 1,
      images: {},
      network: "bridge",
      resources: {},
    },
    swarm: {},
    placement: { of: () => Promise.resolve({ constraints: [] }) },
    images: { pinned: () => Promise.resolve("image@sha256:1") },
    leases: {
      take: (key: string, owner: string) => {
        asked.push(owner);
        const problem = left.shift();
        return problem
          ? Promise.reject(problem)
          : Promise.resolve({ key, owner, epoch: 1, leaseSeconds: 30 });
      },
      release: ({ owner }: { owner: string }) => Promise.resolve(void released.push(owner)),
    },
    orders: { put: () => Promise.reject(new EngineError("no order is taken", 400)) },
    configs: { ensure: () => Promise.resolve([]) },
    code: { fetchAndExtract: () => Promise.resolve({ key: "me/grid/1", sha256: "0" }) },
    users: { ownerOf: () => Promise.resolve({ uid: 1, gid: 1 }) },
    hashes: { whole: () => "hash" },
    ownership: { ownLabels: {} },
    containers: { find: () => Promise.resolve([]) },
    remover: { discardOrder: () => Promise.resolve() },
  } as unknown as ClusterStarterOptions);
  const problem: unknown = await starter.start(GRID, {}).catch((error) => error);
  return { asked, released, problem };
}

Deno.test("ClusterStarter takes a lease again under the same order where the answer was lost", async () => {
  const { asked, released, problem } = await start([new StoreUnavailableError("the answer was lost")]);
  assert.ok(problem instanceof EngineError, String(problem));
  assert.equal(asked.length, 2);
  assert.equal(asked[0], asked[1]);
  assert.deepEqual(released, [asked[0]]);
});

Deno.test("ClusterStarter asks once for a lease that is held, and twice at most", async () => {
  const held = await start([new LeaseHeldError("bot/grid", 1000)]);
  assert.ok(held.problem instanceof LeaseHeldError);
  assert.equal(held.asked.length, 1);
  const away = await start([
    new StoreUnavailableError("it is down"),
    new StoreUnavailableError("it is down"),
  ]);
  assert.ok(away.problem instanceof StoreUnavailableError);
  assert.equal(away.asked.length, 2);
});
