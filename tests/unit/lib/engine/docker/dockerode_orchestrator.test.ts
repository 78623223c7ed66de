import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connectDocker } from "../../../../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../../../../lib/engine/docker/dockerode_orchestrator.ts";
import type { DockerodeTimeLimits } from "../../../../../lib/engine/docker/dockerode_time_limits.ts";
import type { ContainerSpec } from "../../../../../lib/engine/container_spec.ts";
import {
  ContainerConflictError,
  ContainerNotFoundError,
  EngineDiskFullError,
  EngineError,
  EngineUnavailableError,
  TimeLimitError,
} from "../../../../../lib/errors.ts";
import { until, untilSteady } from "../../../../support/until.ts";

// A real engine does not break on demand, nor tell what it was asked: here a server on a socket stands for it.

const SPEC: ContainerSpec = {
  name: "berth-bot",
  image: "img:1",
  command: ["/bin/sh", "run.sh"],
  env: { CONFIG: '{"a":"=b"}' },
  labels: { "runtime.id": "a" },
  binds: [{ source: "/code", target: "/bot" }],
  tmpfs: [{ target: "/state", sizeBytes: 1024 }],
  hosts: { "host.docker.internal": "host-gateway" },
  workingDir: "/tmp",
  network: "host",
  resources: { memoryBytes: 1000, cpuShares: 512, pids: 100 },
  logs: { maxSizeBytes: 10_485_760, maxFiles: 3 },
  security: { user: "1000:1000", capabilities: ["NET_BIND_SERVICE"], allowNewPrivileges: false },
  autoRemove: false,
};

/** The engine's word for it. */
const NEVER = "0001-01-01T00:00:00Z";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly body: string;
}

type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

async function openServer(answer: Answer, timeouts: Partial<DockerodeTimeLimits> = {}) {
  const folder = await Deno.makeTempDir();
  const asked: Asked[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://engine");
    const each = {
      method: request.method!,
      path: pathname,
      query: Object.fromEntries(searchParams),
      body: await text(request),
    };
    asked.push(each);
    answer(each, response, request);
  });
  server.on("connection", (socket) => {
    connections++;
    socket.on("error", () => {}).on("close", () => connections--);
  });
  const path = join(folder, "engine.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const orchestrator = new DockerodeOrchestrator(connectDocker(`unix://${path}`), {
    timeouts,
    newId: () => "my-id",
  });
  return {
    orchestrator,
    asked,
    async closedByClient() {
      await until("the end of each connection", () => connections === 0);
    },
    async [Symbol.asyncDispose]() {
      await orchestrator[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function inspection(id: string, labels: Readonly<Record<string, string>>): object {
  return { Id: id, Name: "/berth-bot", State: { Status: "running" }, Config: { Labels: labels } };
}

function logFrame(content: string): Uint8Array {
  const payload = new TextEncoder().encode(`2026-01-02T03:04:05.123456789Z ${content}`);
  const frame = new Uint8Array(8 + payload.length);
  frame[0] = 1;
  new DataView(frame.buffer).setUint32(4, payload.length);
  frame.set(payload, 8);
  return frame;
}

function refusal(message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

Deno.test("createAndStart() asks the engine twice, for what the specification says", async () => {
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/create")) return json(response, { Id: "id-1", Warnings: [] }, 201);
    response.writeHead(204).end();
  });
  const info = await server.orchestrator.createAndStart(SPEC);
  assert.deepEqual({ ...info, createdAt: 0 }, {
    id: "id-1",
    name: "berth-bot",
    image: "img:1",
    labels: { "runtime.id": "a" },
    phase: "running",
    createdAt: 0,
  });
  const [create, start, ...others] = server.asked;
  assert.deepEqual(others, []);
  assert.deepEqual([start!.method, start!.path, start!.body], ["POST", "/containers/id-1/start", ""]);
  assert.deepEqual([create!.method, create!.path, create!.query], ["POST", "/containers/create", {
    name: "berth-bot",
  }]);
  assert.deepEqual(JSON.parse(create!.body), {
    Image: "img:1",
    Entrypoint: ["/bin/sh"],
    Cmd: ["run.sh"],
    Env: ['CONFIG={"a":"=b"}'],
    Labels: { "runtime.id": "a", "berth.create-id": "my-id" },
    User: "1000:1000",
    WorkingDir: "/tmp",
    StopSignal: "SIGTERM",
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    HostConfig: {
      Mounts: [{ Type: "bind", Source: "/code", Target: "/bot", ReadOnly: false }],
      Tmpfs: { "/state": "rw,noexec,nosuid,nodev,mode=1777,size=1024" },
      ExtraHosts: ["host.docker.internal:host-gateway"],
      NetworkMode: "host",
      AutoRemove: false,
      Memory: 1000,
      MemorySwap: 1000,
      CpuShares: 512,
      PidsLimit: 100,
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      Init: true,
      CapDrop: ["ALL"],
      CapAdd: ["NET_BIND_SERVICE"],
      SecurityOpt: ["no-new-privileges"],
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10485760", "max-file": "3" } },
    },
  });
});

Deno.test("createAndStart() takes a start of what runs already for a start", async () => {
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/create")) return json(response, { Id: "id-1" }, 201);
    response.writeHead(304).end();
  });
  assert.equal((await server.orchestrator.createAndStart(SPEC)).id, "id-1");
});

Deno.test("createAndStart() takes a conflict with its own request for its own container", async () => {
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/create")) {
      return json(response, { message: "Conflict. The name is in use" }, 409);
    }
    if (asked.method === "GET") {
      return json(response, inspection("id-1", { "berth.create-id": "my-id" }));
    }
    response.writeHead(204).end();
  });
  assert.equal((await server.orchestrator.createAndStart(SPEC)).id, "id-1");
});

Deno.test("createAndStart() leaves a container of another's alone, whatever happens", async () => {
  const outcomes: [number | undefined, new (...args: never[]) => Error][] = [
    [409, ContainerConflictError],
    [undefined, EngineUnavailableError],
  ];
  for (const [status, type] of outcomes) {
    await using server = await openServer((asked, response) => {
      if (asked.method === "GET") {
        return json(response, inspection("id-2", { "runtime.id": "a", "berth.create-id": "another" }));
      }
      if (status === undefined) return response.destroy();
      json(response, { message: "Conflict. The name is in use" }, status);
    });
    await assert.rejects(server.orchestrator.createAndStart(SPEC), type);
    assert.deepEqual(server.asked.filter(({ method }) => method === "DELETE"), []);
  }
});

Deno.test("createAndStart() removes its container when the engine breaks off after creating or starting it", async () => {
  for (const call of ["/create", "/start"]) {
    await using server = await openServer((asked, response) => {
      if (asked.path.endsWith(call)) return response.destroy();
      if (asked.path.endsWith("/create")) return json(response, { Id: "id-1" }, 201);
      if (asked.method === "GET") {
        return json(response, inspection("id-1", { "berth.create-id": "my-id" }));
      }
      response.writeHead(204).end();
    });
    await assert.rejects(server.orchestrator.createAndStart(SPEC), EngineUnavailableError);
    const removed = server.asked.filter(({ method }) => method === "DELETE");
    assert.deepEqual(removed.map(({ path, query }) => [path, query]), [["/containers/id-1", {
      force: "1",
      v: "1",
    }]]);
  }
});

Deno.test("an answer that breaks off, or is not what it should be, is no answer", async () => {
  const broken: [Answer, (error: unknown) => boolean][] = [
    [
      (_, response) =>
        response.writeHead(200, { "content-length": 100 }).write("[", () => response.destroy()),
      (error) => {
        return error instanceof EngineUnavailableError;
      },
    ],
    [(_, response) => response.end("[{"), refusal(/Cannot list containers: .* its answer is not JSON/)],
    [(_, response) => json(response, {}), refusal(/its answer is not that of a Docker Engine/)],
    [(_, response) => response.end(), refusal(/its answer is not that of a Docker Engine/)],
    [(_, response) => response.writeHead(500).end("plain words"), refusal(/\(HTTP 500\): plain words/)],
    [
      (_, response) => json(response, { message: "the engine's words" }, 400),
      refusal(/: the engine's words$/),
    ],
    [
      (_, response) => json(response, { message: "mkdir /x: no space left on device: unknown" }, 500),
      (error) => error instanceof EngineDiskFullError,
    ],
    [(_, response) => response.writeHead(301).end(), refusal(/\(HTTP 301\): \(no message\)/)],
    ...["/containers/y/json", "http://127.0.0.1:1/", "gopher://x", "\u00ff", "//", "x"].map((
      location,
    ): [Answer, (error: unknown) => boolean] => [
      (_, response) => response.writeHead(301, { location }).end("moved"),
      refusal(/\(HTTP 301\): moved/),
    ]),
  ];
  for (const [answer, expected] of broken) {
    await using server = await openServer(answer);
    await assert.rejects(server.orchestrator.listContainers(), expected);
  }
});

Deno.test("wait() asks again when the connection breaks inside the answer", async () => {
  let waits = 0;
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/wait")) {
      waits++;
      return response.writeHead(200).write("{", () => response.destroy());
    }
    const isOver = waits === 2;
    const State = {
      Status: isOver ? "exited" : "running",
      ExitCode: 3,
      OOMKilled: false,
      StartedAt: "2026-01-02T03:04:05Z",
      FinishedAt: "2026-01-02T03:04:07.5Z",
    };
    json(response, { Id: "id-1", Name: "/x", Created: "2026-01-02T03:04:05Z", Config: {}, State });
  });
  const outcome = await server.orchestrator.wait("x");
  assert.deepEqual(outcome, { id: "id-1", exitCode: 3, oomKilled: false, durationMs: 2500 });
  assert.equal(waits, 2);
});

Deno.test("wait() takes the removal of a container that never ran for no exit", async () => {
  const statuses = ["created", "removing"];
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/wait")) return json(response, { StatusCode: 0 });
    const Status = statuses.shift();
    if (Status === undefined) return json(response, { message: "No such container" }, 404);
    const State = { Status, ExitCode: 0, OOMKilled: false, StartedAt: NEVER, FinishedAt: NEVER };
    json(response, { Id: "id-1", Name: "/x", Created: "2026-01-02T03:04:05Z", Config: {}, State });
  });
  await assert.rejects(server.orchestrator.wait("x"), ContainerNotFoundError);
});

Deno.test("getLogs() asks in the engine's form of time, in any zone and with all digits", async () => {
  await using server = await openServer((_, response) => void response.end());
  const cases: Record<string, string> = {
    "2026-01-02T03:04:05.123456789Z": "1767323045.123456789",
    "2026-01-02T03:04:05Z": "1767323045.000000000",
    "2026-01-02T05:34:05.5+02:30": "1767323045.500000000",
    "1960-01-01T00:00:00Z": "0.000000000",
  };
  for (const since of Object.keys(cases)) await Array.fromAsync(server.orchestrator.getLogs("x", { since }));
  await Array.fromAsync(server.orchestrator.getLogs("x", { since: new Date(1_767_323_045_007), tail: 3 }));
  assert.deepEqual(server.asked.map(({ query }) => query.since), [
    ...Object.values(cases),
    "1767323045.007000000",
  ]);
  assert.deepEqual(server.asked.at(-1)!.query, {
    stdout: "1",
    stderr: "1",
    timestamps: "1",
    follow: "0",
    tail: "3",
    since: "1767323045.007000000",
  });
  await assert.rejects(
    Array.fromAsync(server.orchestrator.getLogs("x", { since: "yesterday" })),
    /not an RFC 3339 time/,
  );
});

Deno.test("getLogs() says what is wrong with a stream that is not in the engine's format", async () => {
  await using server = await openServer((_, response) => void response.end("a terminal's output"));
  await assert.rejects(
    Array.fromAsync(server.orchestrator.getLogs("x")),
    refusal(/Cannot read the log of container 'x': .* broken frame header at byte 0/),
  );
});

Deno.test("getLogs() rejects a frame without a time", async () => {
  for (const content of ["hello there\n", "2026\n"]) {
    const header = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, content.length);
    await using server = await openServer((_, response) =>
      void response.write(header, () => response.end(content))
    );
    await assert.rejects(
      Array.fromAsync(server.orchestrator.getLogs("x")),
      refusal(/Cannot read the log of container 'x': .* without a time/),
    );
  }
});

Deno.test("getLogs() does not take a log that breaks off for its end", async () => {
  await using server = await openServer((_, response) => {
    response.writeHead(200).write(logFrame("first\n"));
    response.write(logFrame("second\n").subarray(0, 20), () => response.destroy());
  });
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const line of server.orchestrator.getLogs("x")) seen.push(line.text);
  }, EngineUnavailableError);
  assert.deepEqual(seen, ["first"]);
});

Deno.test("getLogs() does not take a followed log that ends before its container for its end", async () => {
  await using server = await openServer((asked, response) => {
    if (asked.path.endsWith("/logs")) return response.end(logFrame("line\n"));
    const State = { Status: "running", StartedAt: "2026-01-02T03:04:05Z" };
    json(response, { Id: "id-1", Name: "/x", Created: "2026-01-02T03:04:05Z", Config: {}, State });
  });
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const line of server.orchestrator.getLogs("x", { follow: true })) seen.push(line.text);
  }, EngineUnavailableError);
  assert.deepEqual(seen, ["line"]);
});

Deno.test("getLogs() reads no further than its reader, and closes the connection when left", async () => {
  const frames = logFrame("x".repeat(1000) + "\n");
  let sent = 0;
  await using server = await openServer((_, response) => {
    const send = () => {
      while (!response.destroyed) {
        sent += frames.length;
        if (!response.write(frames)) return void response.once("drain", send);
      }
    };
    send();
  });
  for await (const _ of server.orchestrator.getLogs("x", { follow: true })) {
    // Full once it has not grown for a while: buffers of the system hold some.
    await untilSteady("what is sent", () => sent);
    break;
  }
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
  await server.closedByClient();
});

Deno.test("getLogs() gives up a log of which nothing comes, but follows one for as long as it takes", async () => {
  await using server = await openServer((asked, response) => {
    response.writeHead(200).write(logFrame("first\n"));
    if (asked.query.follow === "1") setTimeout(() => response.end(logFrame("second\n")), 1500);
  }, { callMs: 1000 });
  await assert.rejects(Array.fromAsync(server.orchestrator.getLogs("x")), TimeLimitError);
  const seen: string[] = [];
  for await (const line of server.orchestrator.getLogs("x", { follow: true })) {
    seen.push(line.text);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, ["first", "second"]);
});

Deno.test("copyFromContainer() reads nothing of a file that is too large, and closes the connection", async () => {
  let sent = 0;
  await using server = await openServer((_, response) => {
    const header = new Uint8Array(512);
    const put = (at: number, value: string) => header.set(new TextEncoder().encode(value), at);
    put(0, "result.json");
    put(100, "0000644\x000000000\x000000000\x0077777777777\x0000000000000\x00        0");
    put(257, "ustar\x0000");
    put(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
    response.write(header);
    const send = () => {
      while (!response.destroyed) {
        sent += 65_536;
        if (!response.write(new Uint8Array(65_536))) return void response.once("drain", send);
      }
    };
    send();
  });
  await assert.rejects(
    server.orchestrator.copyFromContainer("x", "/bot/result.json", { maxBytes: 1000 }),
    (error) => {
      assert.match(
        String(error),
        /'\/bot\/result.json' in container 'x': it has 8589934591 bytes, more than the limit of 1000/,
      );
      return true;
    },
  );
  await server.closedByClient();
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
});

Deno.test("copyFromContainer() says so when the engine's archive is broken", async () => {
  await using server = await openServer((_, response) => void response.end("no tar ".repeat(200)));
  const copying = server.orchestrator.copyFromContainer("x", "/r", { maxBytes: 1000 });
  await assert.rejects(copying, refusal(/Cannot read '\/r' in container 'x': .*Invalid tar header/));
});

Deno.test("remove() waits for a removal that is under way", async () => {
  await using server = await openServer((asked, response) => {
    if (asked.method === "DELETE") {
      return json(response, { message: "removal of container x is already in progress" }, 409);
    }
    json(response, { StatusCode: 0 });
  });
  await server.orchestrator.remove("x");
  const last = server.asked.at(-1)!;
  assert.deepEqual([last.path, last.query], ["/containers/x/wait", { condition: "removed" }]);
});

Deno.test("a container's name cannot lead to another call of the engine", async () => {
  await using server = await openServer((_, response) =>
    json(response, { message: "No such container" }, 404)
  );
  for (const name of ["../images/x?a=b#c", "x/../y", "..", "x%2f..", "x\r\n", "", "x".repeat(5) + "\0"]) {
    assert.equal(await server.orchestrator.getStatus(name), undefined, name);
    await assert.rejects(server.orchestrator.remove(name), ContainerNotFoundError, name);
    await assert.rejects(server.orchestrator.stop(name, { graceSeconds: 0 }), ContainerNotFoundError, name);
  }
  assert.deepEqual(server.asked, []);
});

Deno.test({
  name: "a permission that Deno withholds is named",
  permissions: { env: true, sys: true, net: false, read: true, write: false },
  async fn() {
    await using orchestrator = new DockerodeOrchestrator(connectDocker("unix:///nowhere/docker.sock"));
    await assert.rejects(orchestrator.listContainers(), (error) => {
      assert.ok(error instanceof EngineUnavailableError, String(error));
      assert.match(error.message, /Deno does not allow it \(.*Allow net, read and write for this socket/);
      return true;
    });
  },
});

for (const status of [301, 302, 307, 308]) {
  Deno.test(`a redirect of the engine with status ${status} is an error, and is not followed`, async () => {
    await using engine = await openServer((_asked, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end();
    });
    await assert.rejects(engine.orchestrator.getStatus("x"), EngineError);
    assert.equal(engine.asked.length, 1);
  });
}
