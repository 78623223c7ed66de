import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { checkEngineActs } from "../../../../../cli/check_engine_acts.ts";
import { connectDocker } from "../../../../../lib/engine/docker/connect_docker.ts";
import {
  DockerodeOrchestrator,
  type DockerodeOrchestratorOptions,
} from "../../../../../lib/engine/docker/dockerode_orchestrator.ts";
import { ContainerBuilder } from "../../../../../lib/executable/container_builder.ts";
import { EngineHangsError, EngineUnavailableError } from "../../../../../lib/errors.ts";
import { until } from "../../../../support/until.ts";

// A real engine that hangs cannot be had on demand, and tells of no calls that are under way.

interface Call {
  readonly name: string;
  readonly act: string;
  readonly answer: (status?: number, value?: unknown) => void;
}

async function openServer(onCall: (call: Call) => void, options: DockerodeOrchestratorOptions = {}) {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "engine.sock");
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    const [, , name = "", act = ""] = new URL(request.url!, "http://engine").pathname.split("/");
    const answer = (status = 204, value?: unknown) =>
      void response.writeHead(status).end(value === undefined ? "" : JSON.stringify(value));
    onCall({ name, act: request.method === "DELETE" ? "remove" : act, answer });
    if (act === "wait") response.writeHead(200).write(" ");
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const engine = new DockerodeOrchestrator(connectDocker(`unix://${path}`), options);
  return {
    engine,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("only so many removals and stops go at once, each in the order in which they were asked for", async () => {
  const pending: Record<string, Call[]> = { remove: [], stop: [], wait: [] };
  const turns = { remove: 2, stop: 3, stopHoldMs: 60_000 };
  await using server = await openServer((call) => void pending[call.act]!.push(call), { turns });
  const { engine } = server;
  const removed = Promise.all(Array.from({ length: 6 }, (_, i) => engine.remove(`c${i}`)));
  const names: string[] = [];
  for (let i = 0; i < 6; i++) {
    await until("a removal", () => pending.remove!.length > 0);
    assert.ok(pending.remove!.length <= 2);
    const { name, answer } = pending.remove!.shift()!;
    names.push(name);
    answer();
  }
  await removed;
  assert.deepEqual(names, ["c0", "c1", "c2", "c3", "c4", "c5"]);

  const stopped = Promise.allSettled(
    Array.from({ length: 6 }, (_, i) => engine.stop(`c${i}`, { graceSeconds: 30 })),
  );
  await until("the waits", () => pending.wait!.length === 6);
  for (let i = 0; i < 6; i++) {
    await until("a stop", () => pending.stop!.length > 0);
    assert.ok(pending.stop!.length <= 3);
    pending.stop!.shift()!.answer();
  }
  assert.equal(pending.stop!.length, 0);
  await engine[Symbol.asyncDispose]();
  await stopped;
});

Deno.test("a stop that uses its grace period holds up no other for longer than its share", async () => {
  const stops: Call[] = [];
  const turns = { stop: 1, stopHoldMs: 30 };
  await using server = await openServer((call) => call.act === "stop" && void stops.push(call), { turns });
  const given = new AbortController();
  const all = ["slow", "quick"].map((name) =>
    server.engine.stop(name, { graceSeconds: 3600, signal: given.signal })
  );
  await until("both stops", () => stops.length === 2);
  assert.deepEqual(stops.map(({ name }) => name), ["slow", "quick"]);
  given.abort(new Error("over"));
  await Promise.allSettled(all);
});

Deno.test("an engine that answers lists and hangs on all else is said to hang", async () => {
  const timeouts = { callMs: 400, startMs: 400, stopMarginMs: 400, cleanupMs: 400 };
  let isListing = true;
  await using server = await openServer((call) => isListing && call.name === "json" && call.answer(200, []), {
    timeouts,
  });
  const { engine } = server;
  const acts = [
    () => engine.getStatus("x"),
    () => engine.remove("x"),
    () => engine.stop("x", { graceSeconds: 0 }),
    () => engine.createAndStart(new ContainerBuilder("x", "img").withCommand(["true"]).build()),
  ];
  await Promise.all(acts.map((act) =>
    assert.rejects(act, (error) => {
      assert.ok(error instanceof EngineUnavailableError, String(error));
      assert.match(
        error.message,
        /lists containers, but has not done this within 400 ms: it hangs\. Restart it/,
      );
      return true;
    })
  ));
  isListing = false;
  await assert.rejects(engine.getStatus("x"), (error) => !(error instanceof EngineHangsError));
});

Deno.test("doctor tells an engine that hangs from one that is well", async () => {
  const list = ["a", "b", "c"].map((name) => ({ Id: name, Names: [`/${name}`], State: "running" }));
  let isHanging = true;
  await using server = await openServer(({ name, act, answer }) => {
    if (name === "json") answer(200, list);
    else if (act === "json" && !(isHanging && name === "b")) answer(404, {});
  });
  const [finding, ...others] = await checkEngineActs(server.engine, new AbortController().signal, 1000);
  assert.equal(finding?.state, "problem");
  assert.match(finding!.detail, /lists 3 containers, and says nothing about 1 of them within 1 s \(b\)/);
  assert.deepEqual(others, []);
  isHanging = false;
  assert.deepEqual(await checkEngineActs(server.engine, new AbortController().signal), []);
});

Deno.test("a call whose turn does not come says so", async () => {
  const turns = { remove: 1, waitMs: 40 };
  await using server = await openServer(() => {}, { turns });
  const first = server.engine.remove("first");
  await assert.rejects(
    server.engine.remove("second"),
    /for 0.04 s the engine has not finished earlier calls/,
  );
  await server.engine[Symbol.asyncDispose]();
  await assert.rejects(first, EngineUnavailableError);
});
