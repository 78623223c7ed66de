/**
 * The contract of every container orchestrator, as tests. They need an image with `sh` and Python.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
import type { ContainerOrchestrator, LogLine } from "../../lib/engine/container_orchestrator.ts";
import type { ContainerSpec } from "../../lib/engine/container_spec.ts";
import {
  ContainerConflictError,
  ContainerFileError,
  ContainerNotFoundError,
  EngineError,
  ImageUnavailableError,
} from "../../lib/errors.ts";
import { pause, until, untilSteady } from "../support/until.ts";

/** An orchestrator to test. Disposing removes the containers that carry the labels. */
export interface ContainerOrchestratorFixture extends AsyncDisposable {
  /** The orchestrator. */
  readonly orchestrator: ContainerOrchestrator;
  /** Labels of this test's containers. */
  readonly labels: Readonly<Record<string, string>>;
  /** A specification for a container of this test, with a name of its own. */
  spec(command: readonly string[], changes?: Partial<ContainerSpec>): ContainerSpec;
}

/** The orchestrator under test. */
export interface ContainerOrchestratorContractOptions {
  /** Name of the orchestrator, for the names of the tests. */
  readonly name: string;
  /** Opens it. */
  readonly open: () => Promise<ContainerOrchestratorFixture>;
  /** Tests that do not apply, by what they test, each with the reason. @default {all apply} */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** Calls that it does not have. @default {it has all} */
  readonly lacks?: readonly (keyof ContainerOrchestrator)[];
  /** Registers a test. @default {Deno.test} */
  readonly register?: (name: string, body: () => Promise<void>) => void;
}

const MISSING = "berth-test-no-such-container";
const sh = (script: string) => ["sh", "-c", script];
const python = (script: string) => ["python3", "-u", "-c", script];

/**
 * Registers the tests.
 *
 * @param options The options under test.
 */
export function testContainerOrchestratorContract(
  { name, open, leftOut = {}, lacks = [], register = Deno.test }: ContainerOrchestratorContractOptions,
): void {
  const unknown = new Set(Object.keys(leftOut));
  const test = (what: string, body: (fixture: ContainerOrchestratorFixture) => Promise<void>) => {
    if (unknown.delete(what)) return;
    register(`${name}: ${what}`, async () => {
      await using fixture = await open();
      await body(fixture);
    });
  };
  const present = (calls: Partial<Record<keyof ContainerOrchestrator, () => Promise<unknown>>>) =>
    Object.entries(calls).filter(([call]) => !(lacks as readonly string[]).includes(call))
      .map(([, call]) => call);

  test("info() tells what the engine is", async ({ orchestrator }) => {
    const info = await orchestrator.info();
    assert.match(info.version, /^\d+\.\d+/);
    assert.match(info.apiVersion, /^\d+\.\d+$/);
    assert.match(info.platform, /^\w+\/\w+$/);
    assert.ok(info.memoryBytes > 64 * 1024 ** 2 && info.cpus >= 1);
  });

  test("hasImage() tells whether an image is present", async ({ orchestrator, spec }) => {
    assert.equal(await orchestrator.hasImage(spec([]).image), true);
    assert.equal(await orchestrator.hasImage("berth-test/none:none"), false);
  });

  test("pullImage() is content with an image that is present, without a pull", async ({ orchestrator, spec }) => {
    let steps = 0;
    await orchestrator.pullImage(spec([]).image, { onProgress: () => steps++ });
    assert.equal(steps, 0);
  });

  test("createAndStart() starts what the specification says", async ({ orchestrator, spec }) => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/in`, "from the host");
      await Deno.chmod(folder, 0o755);
      const env = { QUOTES: `'"$(id)\`id\`\\`, LINES: "a\nb", EMPTY: "", UNICODE: "é𝄞=" };
      const script = `
import json, os
fields = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
try:
    open("/bot/out", "w")
    writable = True
except OSError as error:
    writable = error.strerror
print(json.dumps({
    "env": {key: os.environ[key] for key in ["QUOTES", "LINES", "EMPTY", "UNICODE"]},
    "cwd": os.getcwd(), "ids": [os.getuid(), os.getgid()], "in": open("/bot/in").read(), "writable": writable,
    "capabilities": fields["CapEff"].strip() + fields["CapBnd"].strip(), "no_new_privs": fields["NoNewPrivs"].strip(),
    "init": open("/proc/1/cmdline").read().split(chr(0))[0].split("/")[-1], "links": os.listdir("/sys/class/net"),
    "tty": os.isatty(1), "stdin": len(os.read(0, 10)),
}))`;
      const made = spec(["python3", "-c", script], {
        env,
        workingDir: "/usr",
        binds: [{ source: folder, target: "/bot", readOnly: true }],
      });
      const started = await orchestrator.createAndStart(made);
      assert.deepEqual([started.name, started.image, started.phase], [made.name, made.image, "running"]);
      assert.deepEqual(started.labels, made.labels);
      assert.equal(
        (await orchestrator.wait(started.id)).exitCode,
        0,
        (await logsOf(orchestrator, made.name)).join("\n"),
      );
      assert.deepEqual(JSON.parse((await logsOf(orchestrator, made.name))[0]!), {
        env,
        cwd: "/usr",
        ids: [1000, 1000],
        in: "from the host",
        writable: "Read-only file system",
        capabilities: "0".repeat(32),
        no_new_privs: "1",
        init: "docker-init",
        links: ["lo"],
        tty: false,
        stdin: 0,
      });
      assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name), ["in"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  test("createAndStart() puts a tar stream into the container first, and none that fails leaves one", async ({ orchestrator, spec, labels }) => {
    const archive = await tarOf({ "tmp/deep/é.txt": "content" });
    async function* content(fails = false): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < archive.length; at += 100) {
        yield await Promise.resolve(archive.subarray(at, at + 100));
      }
      if (fails) throw new Error("the source broke off");
    }
    const made = spec(sh("cat /tmp/deep/é.txt"));
    const { id } = await orchestrator.createAndStart(made, { content: content() });
    assert.equal((await orchestrator.wait(id)).exitCode, 0);
    assert.deepEqual(await logsOf(orchestrator, id), ["content"]);
    const file = await Array.fromAsync(orchestrator.readFolder(id, "/tmp/deep/é.txt"));
    assert.ok(file.reduce((sum, { length }) => sum + length, 0) >= 1024);
    await orchestrator.remove(id);
    await assert.rejects(
      orchestrator.createAndStart(spec(sh("true")), { content: content(true) }),
      /broke off/,
    );
    assert.deepEqual(await orchestrator.listContainers({ labels }), []);
  });

  test("createAndStart() limits memory, and the end tells of it", async ({ orchestrator, spec }) => {
    const resources = { memoryBytes: 32 * 1024 ** 2, cpuShares: 512, pids: 64 };
    const made = spec(["python3", "-c", "x = [bytearray(1 << 20) for _ in range(2000)]"], { resources });
    const { id, exitCode, oomKilled } = await orchestrator.runAndWait(made);
    assert.deepEqual({ exitCode, oomKilled }, { exitCode: 137, oomKilled: true });
    assert.equal((await orchestrator.getStatus(id))?.oomKilled, true);
  });

  test("getUsage() measures a running container, and nothing else", async ({ orchestrator, spec }) => {
    const busy = python("import time\nkept = bytearray(64 * 1024**2)\nprint('ready')\nwhile True: pass");
    const made = spec(busy, { resources: { memoryBytes: 256 * 1024 ** 2, cpuShares: 512, pids: 64 } });
    const { id } = await orchestrator.createAndStart(made);
    let first = await orchestrator.getUsage(id);
    await until("it holds its memory", async () => {
      first = await orchestrator.getUsage(id);
      return (first?.memoryBytes ?? 0) > 64 * 1024 ** 2;
    });
    assert.ok(first && first.memoryBytes < 128 * 1024 ** 2, String(first?.memoryBytes));
    assert.equal(first.memoryLimitBytes, 256 * 1024 ** 2);
    assert.ok(first.processes! >= 1 && first.processes! < 10, String(first.processes));
    const before = first;
    await until("it uses the processor", async () => {
      const now = await orchestrator.getUsage(id);
      return now !== undefined && now.cpuSeconds > before.cpuSeconds && now.time > before.time;
    });
    await orchestrator.stop(id, { graceSeconds: 0 });
    assert.equal(await orchestrator.getUsage(id), undefined);
    assert.equal(await orchestrator.getUsage(MISSING), undefined);
    assert.equal(await orchestrator.getUsage("a/../b"), undefined);
  });

  test("createAndStart() limits processes", async ({ orchestrator, spec }) => {
    const resources = { memoryBytes: 128 * 1024 ** 2, cpuShares: 512, pids: 8 };
    const script = `
import os, time
children = 0
try:
    while children < 50:
        if os.fork() == 0:
            time.sleep(2); os._exit(0)
        children += 1
except OSError as error:
    print(children < 8, error.strerror)`;
    const { id } = await orchestrator.runAndWait(spec(["python3", "-c", script], { resources }));
    assert.deepEqual(await logsOf(orchestrator, id), ["True Resource temporarily unavailable"]);
  });

  test("createAndStart() rejects a name that is taken, and leaves that container alone", async ({ orchestrator, spec }) => {
    const made = spec(sh("sleep 60"));
    const first = await orchestrator.createAndStart(made);
    await assert.rejects(orchestrator.createAndStart(made), (error) => {
      assert.ok(error instanceof ContainerConflictError, String(error));
      assert.equal(error.container, made.name);
      return true;
    });
    const status = await orchestrator.getStatus(made.name);
    assert.deepEqual([status?.id, status?.phase], [first.id, "running"]);
  });

  test("createAndStart() once, whoever calls it at the same time", async ({ orchestrator, spec, labels }) => {
    const made = spec(sh("sleep 60"));
    const settled = await Promise.allSettled(
      Array.from({ length: 5 }, () => orchestrator.createAndStart(made)),
    );
    const errors = settled.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
    assert.equal(errors.length, 4);
    assert.ok(errors.every((error) => error instanceof ContainerConflictError), String(errors));
    assert.deepEqual((await orchestrator.listContainers({ labels })).map(({ phase }) => phase), ["running"]);
  });

  test("a start that fails leaves no container", async ({ orchestrator, spec, labels }) => {
    const cases: [ContainerSpec, new (...args: never[]) => Error, RegExp][] = [
      [
        spec(sh("true"), { image: "berth-test/none:none" }),
        ImageUnavailableError,
        /'berth-test\/none:none' is not on/,
      ],
      [
        spec(sh("true"), { binds: [{ source: "/berth/none", target: "/bot" }] }),
        EngineError,
        /\/berth\/none/,
      ],
      [spec(sh("true"), { network: "berth-test-none" }), EngineError, /berth-test-none/],
      [spec(sh("true"), { workingDir: "relative" }), EngineError, /relative/],
      [
        spec(sh("true"), { security: { user: "no-such-user", capabilities: [], allowNewPrivileges: false } }),
        EngineError,
        /no-such-user/,
      ],
    ];
    for (const [made, type, message] of cases) {
      for (const call of [() => orchestrator.createAndStart(made), () => orchestrator.runAndWait(made)]) {
        await assert.rejects(call, (error) => {
          assert.ok(error instanceof type, String(error));
          assert.match(error.message, message);
          return true;
        });
      }
    }
    assert.deepEqual(await orchestrator.listContainers({ labels }), []);
    await assert.rejects(Deno.stat("/berth/none"), Deno.errors.NotFound);
  });

  test("a start that is given up leaves no container, whenever that is", async ({ orchestrator, spec, labels }) => {
    const reason = new Error("given up");
    for (const delayMs of [0, 1, 5, 20, 60, 120]) {
      for (const call of ["createAndStart", "runAndWait"] as const) {
        const controller = new AbortController();
        const made = spec(sh("sleep 60"));
        const timer = setTimeout(() => controller.abort(reason), delayMs);
        const outcome = await orchestrator[call](made, { signal: controller.signal }).catch((error) => error);
        clearTimeout(timer);
        // A start may be faster than the signal: then it is done.
        if (outcome === reason) {
          assert.equal(await orchestrator.getStatus(made.name), undefined, `${call} ${delayMs}`);
        } else await orchestrator.remove(made.name);
      }
    }
    assert.deepEqual(await orchestrator.listContainers({ labels }), []);
  });

  test("a signal that was given before rejects every call with its reason", async ({ orchestrator, spec, labels }) => {
    const reason = new Error("given up");
    const signal = AbortSignal.abort(reason);
    const made = spec(sh("true"));
    const calls = present({
      info: () => orchestrator.info({ signal }),
      hasImage: () => orchestrator.hasImage("x", { signal }),
      pullImage: () => orchestrator.pullImage("x", { signal }),
      createAndStart: () => orchestrator.createAndStart(made, { signal }),
      runAndWait: () => orchestrator.runAndWait(made, { signal }),
      wait: () => orchestrator.wait(MISSING, { signal }),
      stop: () => orchestrator.stop(MISSING, { graceSeconds: 1, signal }),
      remove: () => orchestrator.remove(MISSING, { signal }),
      getLogs: () => Array.fromAsync(orchestrator.getLogs(MISSING, { signal })),
      attach: () => Array.fromAsync(orchestrator.attach(MISSING, { signal })),
      copyFromContainer: () => orchestrator.copyFromContainer(MISSING, "/x", { maxBytes: 1, signal }),
      getStatus: () => orchestrator.getStatus(MISSING, { signal }),
      listContainers: () => orchestrator.listContainers({ signal }),
    });
    for (const call of calls) await assert.rejects(call, (error) => error === reason, String(call));
    assert.deepEqual(await orchestrator.listContainers({ labels }), []);
  });

  test("what is asked of a container that is not there", async ({ orchestrator }) => {
    const calls = present({
      wait: () => orchestrator.wait(MISSING),
      stop: () => orchestrator.stop(MISSING, { graceSeconds: 1 }),
      getLogs: () => Array.fromAsync(orchestrator.getLogs(MISSING)),
      attach: () => Array.fromAsync(orchestrator.attach(MISSING)),
      copyFromContainer: () => orchestrator.copyFromContainer(MISSING, "/x", { maxBytes: 1 }),
    });
    for (const call of calls) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof ContainerNotFoundError, String(error));
        assert.equal(error.container, MISSING);
        return true;
      });
    }
    assert.equal(await orchestrator.getStatus(MISSING), undefined);
    await orchestrator.remove(MISSING);
  });

  test("wait() tells exit code and duration, also after the exit", async ({ orchestrator, spec }) => {
    const { id } = await orchestrator.createAndStart(spec(sh("sleep 0.6; exit 7")));
    const outcome = await orchestrator.wait(id);
    assert.deepEqual([outcome.id, outcome.exitCode, outcome.oomKilled], [id, 7, false]);
    assert.ok(outcome.durationMs >= 500 && outcome.durationMs < 30_000, String(outcome.durationMs));
    assert.deepEqual(await orchestrator.wait(id), outcome);
  });

  test("wait() can be given up, and the container goes on", async ({ orchestrator, spec }) => {
    const { id } = await orchestrator.createAndStart(spec(sh("sleep 60")));
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = orchestrator.wait(id, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(waiting, (error) => error === reason);
    assert.equal((await orchestrator.getStatus(id))?.phase, "running");
  });

  test("wait() rejects when the container is removed meanwhile", async ({ orchestrator, spec }) => {
    const { id } = await orchestrator.createAndStart(spec(sh("sleep 60")));
    const waiting = orchestrator.wait(id);
    const settled = waiting.then((outcome) => outcome.exitCode, (error) => error);
    await pause(50, "the call reaches the engine");
    await orchestrator.remove(id);
    const end = await settled;
    assert.ok(end === 137 || end instanceof ContainerNotFoundError, String(end));
  });

  test("runAndWait() of a container that is removed at its exit tells the exit code", async ({ orchestrator, spec }) => {
    for (const script of ["exit 3", "sleep 0.3; exit 3"]) {
      const made = spec(sh(script), { autoRemove: true });
      assert.equal((await orchestrator.runAndWait(made)).exitCode, 3);
    }
  });

  test("stop() returns as soon as a container that heeds SIGTERM has ended", async ({ orchestrator, spec }) => {
    const made = spec(python(`
import signal, sys, time
def stop(*_):
    print("cleaning up"); sys.exit(5)
signal.signal(signal.SIGTERM, stop)
print("ready")
time.sleep(60)`));
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    const begin = performance.now();
    assert.deepEqual(await orchestrator.stop(made.name, { graceSeconds: 30 }), {
      how: "stopped",
      exitCode: 5,
    });
    assert.ok(performance.now() - begin < 15_000);
    assert.deepEqual(await logsOf(orchestrator, made.name), ["ready", "cleaning up"]);
    assert.deepEqual(await orchestrator.stop(made.name, { graceSeconds: 1 }), {
      how: "already-exited",
      exitCode: 5,
    });
    assert.equal((await orchestrator.getStatus(made.name))?.phase, "exited");
  });

  test("stop() kills a container that ignores SIGTERM, after the grace period", async ({ orchestrator, spec }) => {
    const ignore =
      "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)";
    const made = spec(python(ignore));
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    const begin = performance.now();
    assert.deepEqual(await orchestrator.stop(made.name, { graceSeconds: 1 }), {
      how: "killed",
      exitCode: 137,
    });
    assert.ok(performance.now() - begin >= 1000);
  });

  test("stop() does not call an end by itself a kill", async ({ orchestrator, spec }) => {
    const killsItself = "import os, signal, time\n" +
      "signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGKILL)); print('ready'); time.sleep(60)";
    const made = spec(python(killsItself));
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    assert.deepEqual(await orchestrator.stop(made.name, { graceSeconds: 20 }), {
      how: "stopped",
      exitCode: 137,
    });
  });

  test("stop() of a container that is removed at its exit tells the exit code", async ({ orchestrator, spec }) => {
    const made = spec(
      python(
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(4)); print('ready'); time.sleep(60)",
      ),
      {
        autoRemove: true,
      },
    );
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    assert.deepEqual(await orchestrator.stop(made.name, { graceSeconds: 20 }), {
      how: "stopped",
      exitCode: 4,
    });
  });

  test("rename() frees a name, also of one that has exited", async ({ orchestrator, spec }) => {
    const made = spec(["true"]);
    const { id } = await orchestrator.runAndWait(made);
    await orchestrator.rename(id, `${made.name}_before`);
    assert.equal((await orchestrator.getStatus(id))?.name, `${made.name}_before`);
    assert.equal((await orchestrator.createAndStart(made)).name, made.name);
    await assert.rejects(orchestrator.rename(MISSING, "x"), ContainerNotFoundError);
    await assert.rejects(orchestrator.rename(id, made.name), EngineError);
  });

  test("remove() removes a running container, once or by several at once", async ({ orchestrator, spec, labels }) => {
    const { id } = await orchestrator.createAndStart(spec(sh("sleep 60")));
    await Promise.all([orchestrator.remove(id), orchestrator.remove(id), orchestrator.remove(id)]);
    assert.equal(await orchestrator.getStatus(id), undefined);
    assert.deepEqual(await orchestrator.listContainers({ labels }), []);
  });

  test("listContainers() lists every phase, by labels", async ({ orchestrator, spec, labels }) => {
    const running = spec(sh("sleep 60"), { labels: { "berth-test.which": 'a=b, "c"' } });
    const exited = spec(sh("exit 9"), { labels: { "berth-test.which": "other" } });
    await orchestrator.createAndStart(running);
    await orchestrator.runAndWait(exited);
    const listed = await orchestrator.listContainers({ labels });
    const byName = Object.fromEntries(listed.map((each) => [each.name, each]));
    assert.deepEqual(Object.keys(byName).toSorted(), [running.name, exited.name].toSorted());
    assert.deepEqual([byName[running.name]!.phase, byName[running.name]!.exitCode], ["running", undefined]);
    assert.deepEqual([byName[exited.name]!.phase, byName[exited.name]!.exitCode], ["exited", 9]);
    assert.deepEqual(byName[exited.name]!.labels, exited.labels);
    assert.equal(byName[exited.name]!.image, exited.image);
    const one = await orchestrator.listContainers({ labels: { ...labels, "berth-test.which": 'a=b, "c"' } });
    assert.deepEqual(one.map(({ name }) => name), [running.name]);
    assert.deepEqual(
      await orchestrator.listContainers({ labels: { ...labels, "berth-test.which": "a" } }),
      [],
    );
  });

  test("getStatus() tells of a container by name and by id", async ({ orchestrator, spec }) => {
    const made = spec(sh("exit 3"));
    const { id } = await orchestrator.runAndWait(made);
    const status = await orchestrator.getStatus(made.name);
    assert.deepEqual(await orchestrator.getStatus(id), status);
    assert.deepEqual([status?.id, status?.name, status?.phase, status?.exitCode], [
      id,
      made.name,
      "exited",
      3,
    ]);
    assert.deepEqual(status?.labels, made.labels);
    // An engine may hear of a quick exit before it notes the start: between these two there is no order.
    assert.ok(status!.createdAt <= status!.startedAt! && status!.createdAt <= status!.finishedAt!);
    assert.ok(Math.abs(Date.now() - status!.createdAt.getTime()) < 60_000);
  });

  test("listLayers() measures what running containers have written outside their mounts", async ({ orchestrator, spec, labels }) => {
    const writer = spec(
      sh("dd if=/dev/zero of=/tmp/file bs=1M count=5 2>/dev/null; echo done; exec sleep 600"),
    );
    const idle = spec(sh("exec sleep 600"));
    const over = spec(sh("exit 0"));
    const [{ id }, { id: idleId }] = await Promise.all([
      orchestrator.createAndStart(writer),
      orchestrator.createAndStart(idle),
      orchestrator.runAndWait(over),
    ]);
    for await (const { text } of orchestrator.getLogs(id, { follow: true })) if (text === "done") break;
    const layers = await orchestrator.listLayers({ labels });
    assert.deepEqual([...layers.keys()].sort(), [id, idleId].sort());
    assert.ok(layers.get(id)! >= 5 * 1024 ** 2);
    assert.ok(layers.get(idleId)! < 1024 ** 2);
  });

  test("createAndStart() starts a container with a bound of what it writes, whether or not the engine has such bounds", async ({ orchestrator, spec }) => {
    const resources = { memoryBytes: 256 * 1024 ** 2, cpuShares: 512, pids: 128, diskBytes: 16 * 1024 ** 2 };
    const made = spec(sh("dd if=/dev/zero of=/tmp/file bs=1M count=20 2>/dev/null && exit 7; exit 3"), {
      resources,
    });
    // No file is larger than the bound, and a little.
    assert.equal((await orchestrator.runAndWait(made)).exitCode, 3);
  });

  test("getLogs() gives every line, exact, with time and stream", async ({ orchestrator, spec }) => {
    const script = `
import sys
out, err = sys.stdout.buffer, sys.stderr.buffer
out.write("  é𝄞 \\ttab\\r\\n\\n".encode()); out.flush()
err.write(b"to stderr\\n"); err.flush()
out.write(b"bad \\xff byte\\n" + b"x" * 40000 + b"\\n" + ("é" * 500000).encode() + b"\\nlast"); out.flush()`;
    const made = spec(["python3", "-c", script]);
    await orchestrator.runAndWait(made);
    const lines = await Array.fromAsync(orchestrator.getLogs(made.name));
    const of = (stream: string) => lines.filter((line) => line.stream === stream).map(({ text }) => text);
    assert.deepEqual(of("stderr"), ["to stderr"]);
    assert.deepEqual(of("stdout").map((text) => text.length > 100 ? text.length : text), [
      "  é𝄞 \ttab\r",
      "",
      "bad \ufffd byte",
      40000,
      500000,
      "last",
    ]);
    assert.equal(of("stdout")[4], "é".repeat(500000));
    for (const { time } of lines) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    const times = of("stdout").map((text) => lines.find((line) => line.text === text)!.time);
    assert.deepEqual(times, times.toSorted());
  });

  test("getLogs() gives the last lines, and lines from a time on", async ({ orchestrator, spec }) => {
    const made = spec(python("import time\nfor i in range(6): print(i); time.sleep(0.02)"));
    await orchestrator.runAndWait(made);
    const all = await Array.fromAsync(orchestrator.getLogs(made.name));
    assert.equal(all.length, 6);
    assert.deepEqual(await logsOf(orchestrator, made.name, { tail: 2 }), ["4", "5"]);
    assert.deepEqual(await logsOf(orchestrator, made.name, { tail: 0 }), []);
    assert.deepEqual(await logsOf(orchestrator, made.name, { since: all[3]!.time }), ["3", "4", "5"]);
    const later = new Date(Date.parse(all[5]!.time) + 1);
    assert.deepEqual(await logsOf(orchestrator, made.name, { since: later }), []);
    assert.deepEqual(await logsOf(orchestrator, made.name, { since: new Date(0) }), [
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);
  });

  test("getLogs() follows until the container exits", async ({ orchestrator, spec }) => {
    const made = spec(python("import time\nfor i in range(4): print(i); time.sleep(0.15)"));
    await orchestrator.createAndStart(made);
    const arrivals: string[] = [];
    let wasRunning = false;
    for await (const line of orchestrator.getLogs(made.name, { follow: true })) {
      if (line.text === "0") wasRunning = (await orchestrator.getStatus(made.name))?.phase === "running";
      arrivals.push(line.text);
    }
    assert.deepEqual(arrivals, ["0", "1", "2", "3"]);
    assert.ok(wasRunning, "the first line came only after the exit");
    assert.equal((await orchestrator.getStatus(made.name))?.phase, "exited");
    assert.deepEqual(await logsOf(orchestrator, made.name, { follow: true }), arrivals);
  });

  test("getLogs() that follows can be left early, and ended by its signal", async ({ orchestrator, spec }) => {
    const made = spec(python("import time\nprint('ready')\ntime.sleep(60)"));
    await orchestrator.createAndStart(made);
    assert.equal((await firstLine(orchestrator, made.name)).text, "ready");
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const line of orchestrator.getLogs(made.name, { follow: true, signal: controller.signal })) {
        seen.push(line.text);
        setTimeout(() => controller.abort(reason), 10);
      }
    }, (error) => error === reason);
    assert.deepEqual(seen, ["ready"]);
  });

  test("getLogs() of a container that is removed ends", async ({ orchestrator, spec }) => {
    const made = spec(python("import time\nprint('ready')\ntime.sleep(60)"));
    await orchestrator.createAndStart(made);
    const seen: string[] = [];
    for await (const line of orchestrator.getLogs(made.name, { follow: true })) {
      seen.push(line.text);
      await orchestrator.remove(made.name);
    }
    assert.deepEqual(seen, ["ready"]);
  });

  test("getLogs() loses and repeats nothing of many lines", async ({ orchestrator, spec }) => {
    const made = spec(["python3", "-c", "for i in range(50000): print(i)"]);
    await orchestrator.createAndStart(made);
    let next = 0;
    for await (const { text } of orchestrator.getLogs(made.name, { follow: true })) {
      assert.equal(text, String(next++));
    }
    assert.equal(next, 50000);
  });

  test("attach() gives what is printed from now on, until the container exits", async ({ orchestrator, spec }) => {
    const made = spec(python(
      "import signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\nprint('before')\n" +
        "while not signal.sigtimedwait({signal.SIGTERM}, 0.05): print('tick')\n" +
        "sys.stdout.write('out'); sys.stderr.write('err\\n')",
    ));
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    const texts = { stdout: "", stderr: "" };
    let stopping: Promise<unknown> | undefined;
    for await (const pieces of orchestrator.attach(made.name)) {
      for (const { stream, content } of pieces) texts[stream] += new TextDecoder().decode(content);
      stopping ??= orchestrator.stop(made.name, { graceSeconds: 10 });
    }
    await stopping;
    assert.match(texts.stdout, /^(tick\n)+out$/);
    assert.equal(texts.stderr, "err\n");
  });

  test("attach() holds up the container while nobody reads on, and lets it go when it is left", async ({ orchestrator, spec }) => {
    // A file says how often it has printed.
    const made = spec(python(
      "import os\nf = os.open('/tmp/at', os.O_RDWR | os.O_CREAT)\nfor i in range(10**9):\n" +
        "    os.pwrite(f, b'%09d' % i, 0)\n    os.write(1, b'x' * 9999 + b'\\n')",
    ));
    await orchestrator.createAndStart(made);
    const printed = async () => {
      const bytes = await orchestrator.copyFromContainer(made.name, "/tmp/at", { maxBytes: 100 });
      return Number(new TextDecoder().decode(bytes));
    };
    let before = 0;
    for await (const pieces of orchestrator.attach(made.name)) {
      assert.ok(pieces.length > 0);
      before = await untilSteady("its output", printed, 500);
      break;
    }
    await until("its going on", async () => await printed() >= before + 1000);
  });

  test("copyFromContainer() reads a file of a running and of an exited container", async ({ orchestrator, spec }) => {
    const made = spec(
      python(
        "open('/tmp/r é.json', 'wb').write(bytes(range(256)) * 4000)\nprint('ready')\nimport time; time.sleep(60)",
      ),
    );
    await orchestrator.createAndStart(made);
    await firstLine(orchestrator, made.name);
    const expected = new Uint8Array(256 * 4000).map((_, i) => i % 256);
    const options = { maxBytes: expected.length };
    assert.deepEqual(await orchestrator.copyFromContainer(made.name, "/tmp/r é.json", options), expected);
    await orchestrator.stop(made.name, { graceSeconds: 0 });
    assert.deepEqual(await orchestrator.copyFromContainer(made.name, "/tmp/r é.json", options), expected);
  });

  test("copyFromContainer() refuses what is missing, too large or no regular file", async ({ orchestrator, spec }) => {
    const made = spec(
      sh("cd /tmp; echo 12345 > f; ln -s /etc/passwd link; ln -s none dangling; mkdir d; mkfifo p; : > e"),
    );
    await orchestrator.runAndWait(made);
    const cases = {
      "/tmp/none": "missing",
      "/tmp/none/none": "missing",
      "/tmp/f/x": "missing",
      "/tmp/f": "too-large",
      "/tmp/link": "not-a-file",
      "/tmp/dangling": "not-a-file",
      "/tmp/d": "not-a-file",
      "/tmp/p": "not-a-file",
    };
    for (const [path, problem] of Object.entries(cases)) {
      await assert.rejects(orchestrator.copyFromContainer(made.name, path, { maxBytes: 5 }), (error) => {
        assert.ok(error instanceof ContainerFileError, `${path}: ${error}`);
        assert.equal(error.problem, problem, path);
        assert.match(error.message, new RegExp(`'${path}' in container '${made.name}'`));
        return true;
      });
    }
    assert.deepEqual(
      await orchestrator.copyFromContainer(made.name, "/tmp/e", { maxBytes: 0 }),
      new Uint8Array(),
    );
    const text = new TextDecoder().decode(
      await orchestrator.copyFromContainer(made.name, "/tmp/f", { maxBytes: 6 }),
    );
    assert.equal(text, "12345\n");
  });

  assert.deepEqual([...unknown], [], "each test that is left out is one of these");
}

/** Packs texts by path. */
async function tarOf(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const pack = tar.pack();
  for (const [name, text] of Object.entries(files)) pack.entry({ name }, text);
  pack.finalize();
  return Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Uint8Array>));
}

async function logsOf(
  orchestrator: ContainerOrchestrator,
  container: string,
  options?: Parameters<ContainerOrchestrator["getLogs"]>[1],
): Promise<string[]> {
  return (await Array.fromAsync(orchestrator.getLogs(container, options))).map(({ text }) => text);
}

async function firstLine(orchestrator: ContainerOrchestrator, container: string): Promise<LogLine> {
  for await (const line of orchestrator.getLogs(container, { follow: true })) return line;
  throw new Error("The container printed nothing");
}
