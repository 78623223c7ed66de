import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { connectDocker } from "../../../../../lib/engine/docker/connect_docker.ts";
import { LogUnreachableError } from "../../../../../lib/engine/log_unreachable_error.ts";
import { ManagerClient } from "../../../../../lib/engine/swarm/manager_client.ts";
import { pause } from "../../../../support/until.ts";
import type { SwarmContainer } from "../../../../../lib/engine/swarm/swarm_container_info.ts";
import { SwarmLogs } from "../../../../../lib/engine/swarm/swarm_logs.ts";

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
  const sockets = answers.map((_, index) => join(folder, `${index}.sock`));
  for (const [index, each] of answers.entries()) {
    if (!each) continue;
    const server = createServer((request, response) => {
      const path = new URL(request.url!, "http://engine").pathname;
      asked.push(`${index} ${path}`);
      const answer = each[path];
      if (!answer) return void response.writeHead(404).end('{"message":"no such thing"}');
      if (answer instanceof Uint8Array) response.end(answer);
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
  const logs = new SwarmLogs({
    client,
    poller: { expectEnd: () => () => {}, expectStart: () => {}, listen: () => () => {} },
    find: () => Promise.resolve(TASK),
    limitMs: 5_000,
  });
  return {
    asked,
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
