import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { connectDocker } from "../../../../../lib/engine/docker/connect_docker.ts";
import { LogUnreachableError } from "../../../../../lib/engine/log_unreachable_error.ts";
import { ManagerClient } from "../../../../../lib/engine/swarm/manager_client.ts";
import { pause, until } from "../../../../support/until.ts";
import type { SwarmContainer } from "../../../../../lib/engine/swarm/swarm_container_info.ts";
import { SwarmLogs } from "../../../../../lib/engine/swarm/swarm_logs.ts";
import type { TaskChange } from "../../../../../lib/engine/swarm/swarm_poller.ts";

// A Swarm does not lose the log of a node on demand: here servers on sockets stand for its managers.

const TASK: SwarmContainer = {
  id: "service",
  name: "berth_main_bot_one",
  image: "image",
  labels: {},
  phase: "exited",
  createdAt: new Date(0),
  taskId: "task",
  nodeId: "node-2-id",
  nodeName: "node-2",
  engineId: "c0ffee",
};
const UNREACHABLE =
  "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs " +
  "could not be retrieved for the following reasons: node node-2-id is not available";
/** Numbers of the streams of an engine's log. */
const [STDOUT, ENGINE] = [1, 3];

/** A frame of an engine's log. */
function frame(stream: number, text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + payload.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, payload.length);
  bytes.set(payload, 8);
  return bytes;
}

const line = (text: string) => frame(STDOUT, `2026-01-31T12:34:56.000000000Z ${text}\n`);

/** Managers that answer by path; those without a socket are down. */
async function openManagers(answers: readonly (Record<string, Uint8Array | object> | undefined)[]) {
  const stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const asked: string[] = [];
  const tails: (string | null)[] = [];
  const sockets = answers.map((_, index) => join(folder, `${index}.sock`));
  for (const [index, each] of answers.entries()) {
    if (!each) continue;
    const server = createServer((request, response) => {
      const { pathname: path, searchParams } = new URL(request.url!, "http://engine");
      asked.push(`${index} ${path}`);
      if (path.endsWith("/logs")) tails.push(searchParams.get("tail"));
      const answer = each[path];
      if (!answer) return void response.writeHead(404).end('{"message":"no such thing"}');
      // A followed log of a Swarm does not end.
      if (answer instanceof Uint8Array && searchParams.get("follow") === "1") response.write(answer);
      else if (answer instanceof Uint8Array) response.end(answer);
      else if (!(answer instanceof Array)) response.end(JSON.stringify(answer));
      else {
        response.write(answer[0]);
        void pause(50, "the parts come one by one").then(() => response.end(answer[1]));
      }
    });
    await new Promise<void>((resolve) => server.listen(sockets[index], resolve));
    stack.defer(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }
  const client = new ManagerClient(sockets.map((path) => connectDocker(`unix://${path}`)));
  stack.defer(() => client.close());
  const finds: string[] = [];
  const state = { container: TASK };
  const listeners = new Set<(change: TaskChange) => void>();
  const logs = new SwarmLogs({
    client,
    poller: {
      expectEnd: () => () => {},
      expectStart: () => {},
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    find(container) {
      finds.push(container);
      return Promise.resolve(state.container);
    },
    limitMs: 5_000,
  });
  return {
    asked,
    tails,
    finds,
    state,
    logs,
    tell: (change: TaskChange) => listeners.forEach((listener) => listener(change)),
    async read(): Promise<string[]> {
      const texts: string[] = [];
      for await (const entries of logs.readEntries("service", {})) {
        for (const { content } of entries) texts.push(new TextDecoder().decode(content).trim());
      }
      return texts;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const node = (id: string) => ({ Swarm: { NodeID: id } });
const broken = frame(ENGINE, UNREACHABLE);

Deno.test("SwarmLogs reads a log from the engine of its node where the Swarm does not reach it", async () => {
  await using managers = await openManagers([
    { "/tasks/task/logs": broken, "/info": node("node-1-id") },
    { "/info": node("node-2-id"), "/containers/c0ffee/logs": line("the last words") },
  ]);
  assert.deepEqual(await managers.read(), ["the last words"]);
  assert.deepEqual(await managers.read(), ["the last words"]);
  assert.equal(
    managers.asked.filter((each) => each.endsWith("/info")).length,
    2,
    "each is asked once for its node",
  );
});

Deno.test("SwarmLogs says that it does not reach a log where the node is no manager, or is down", async () => {
  const first = { "/tasks/task/logs": broken, "/info": node("node-1-id") };
  for (const second of [{ "/info": node("node-3-id") }, undefined]) {
    await using managers = await openManagers([first, second]);
    await assert.rejects(managers.read(), (error: LogUnreachableError) => {
      assert.ok(error instanceof LogUnreachableError);
      assert.match(
        error.message,
        /^Cannot read the log of 'berth_main_bot_one': the Swarm does not reach the log of its node 'node-2'\. /,
      );
      return true;
    });
  }
});

Deno.test("SwarmLogs begins no log anew of which it has read a part", async () => {
  await using managers = await openManagers([
    {
      "/tasks/task/logs": [line("the first words"), broken],
      "/info": node("node-2-id"),
      "/containers/c0ffee/logs": line("the first words"),
    },
  ]);
  await assert.rejects(managers.read(), LogUnreachableError);
});

Deno.test("SwarmLogs asks no state of a container that runs and whose log is followed, until it has ended", async () => {
  await using managers = await openManagers([{ "/tasks/task/logs": line("a word") }]);
  managers.state.container = { ...TASK, phase: "running" };
  const followed = managers.logs.readEntries("service", { follow: true });
  assert.equal((await followed.next()).value?.length, 1);
  assert.deepEqual([await managers.read(), await managers.read()], [["a word"], ["a word"]]);
  assert.equal(managers.finds.length, 1);
  managers.state.container = { ...TASK, phase: "lost", reason: "its node is down" };
  managers.tell({ serviceId: "service", action: "die", hasEnded: false });
  await assert.rejects(managers.read(), /its node is down/);
  assert.equal((await followed.next()).done, true);
});

Deno.test("SwarmLogs follows a container that has not started from its first line on", async () => {
  await using managers = await openManagers([{ "/tasks/task/logs": line("the first words") }]);
  const { nodeId: _, ...waiting } = TASK;
  managers.state.container = { ...waiting, phase: "starting" };
  const followed = managers.logs.readEntries("service", { follow: true, tail: 0 });
  const first = followed.next();
  await until("the look at the container", () => managers.finds.length === 1);
  managers.state.container = { ...TASK, phase: "running" };
  managers.tell({ serviceId: "service", action: "run", hasEnded: false });
  assert.equal((await first).value?.length, 1);
  assert.deepEqual(managers.tails, [null], "all that it prints is new");
  managers.tell({ serviceId: "service", action: "die", hasEnded: true });
  assert.equal((await followed.next()).done, true);
});
