/**
 * A Docker Engine of the tests' own, to kill, stop and restart, with a registry of its own to pull from. Both
 * live in namespaces of their own (network, mounts, processes), so nothing of theirs meets the machine's engine,
 * and all of it is gone when the first process of the namespace is.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
import { connectDocker } from "../../../lib/engine/docker/connect_docker.ts";
import { DOCKER_HOST } from "../fixtures/engine_support.ts";
import { until } from "../until.ts";

/** An image with `/bin/sh` and `/bin/sleep`, present on every private engine. */
export const TINY_IMAGE = "berth-test/tiny:1";
/** Address of the registry, in the engine's namespace. */
export const REGISTRY = "127.0.0.1:5000";

/** An engine to mistreat. */
export interface PrivateEngine extends AsyncDisposable {
  /** Its address. */
  readonly dockerHost: string;
  /**
   * Starts it, again after {@linkcode signal} ended it.
   *
   * @param options Whether its containers live on when it ends. @default {true}
   */
  start(options?: { readonly liveRestore?: boolean }): Promise<void>;
  /** Sends it a signal. After SIGKILL and SIGTERM returns when it has ended. */
  signal(name: "KILL" | "TERM" | "STOP" | "CONT"): Promise<void>;
  /** Ends the registry. */
  stopRegistry(): Promise<void>;
  /** Creates a container, and does not start it. */
  create(name: string, image: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Makes an image of the files given, under the name given. */
  importImage(image: string, files: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Puts an image into the registry and removes it from the engine. */
  moveToRegistry(image: string): Promise<void>;
}

/**
 * Registers a test that needs a private engine. Where there can be none, it says so and is not run.
 *
 * @param name Name of the test.
 * @param body The test.
 * @param options Whether a registry is needed.
 */
export function testPrivately(
  name: string,
  body: (engine: PrivateEngine) => Promise<void>,
  options: { readonly registry?: boolean } = {},
): void {
  const obstacle = findObstacle(options.registry ?? false);
  if (obstacle !== undefined) console.warn(`NOT RUN: "${name}" needs ${obstacle}.`);
  Deno.test({
    name: obstacle === undefined ? name : `${name} (NOT RUN: needs ${obstacle})`,
    ignore: obstacle !== undefined,
    async fn() {
      await using engine = await startPrivateEngine(options.registry ?? false);
      await body(engine);
    },
  });
}

function findObstacle(needsRegistry: boolean): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  const programs = [
    "unshare",
    "nsenter",
    "ip",
    "dockerd",
    "docker-init",
    ...(needsRegistry ? ["docker-registry"] : []),
  ];
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length > 0 ? `the programs ${missing.join(", ")}` : undefined;
}

function isInstalled(program: string): boolean {
  const script = 'command -v "$0"';
  return new Deno.Command("sh", { args: ["-c", script, program], stdout: "null", stderr: "null" })
    .outputSync().success;
}

async function startPrivateEngine(hasRegistry: boolean): Promise<PrivateEngine> {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-engine-" });
  const cgroup = `berth-test-${crypto.randomUUID()}`;
  // The first process ends with its input, so that nothing outlives the tests, however they end.
  const script = "ip link set lo up && echo ready && read -r _";
  const namespace = new Deno.Command("unshare", {
    // With an init: an engine takes a process that nobody has taken in for one that runs.
    args: [
      ...["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"],
      ...["docker-init", "--", "sh", "-c", script],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const inside = (program: string, ...args: string[]) => {
    const of = (kind: string) => `/proc/${namespace.pid}/ns/${kind}`;
    const enter = [`--net=${of("net")}`, `--mount=${of("mnt")}`, `--pid=${of("pid_for_children")}`];
    return new Deno.Command("nsenter", {
      args: [...enter, program, ...args],
      // containerd writes its stacks to the temporary folder when it is hung.
      env: { TMPDIR: folder },
      stdout: "null",
      stderr: "null",
    });
  };
  const running = new Set<Deno.ChildProcess>();
  const spawn = (command: Deno.Command) => {
    const child = command.spawn();
    running.add(child);
    child.status.then(() => running.delete(child));
    return child;
  };
  let dockerd: Deno.ChildProcess | undefined;
  let registry: Deno.ChildProcess | undefined;
  const dockerHost = `unix://${join(folder, "docker.sock")}`;
  const pidFile = join(folder, "pid");

  const engine: PrivateEngine = {
    dockerHost,
    async start({ liveRestore = true } = {}) {
      dockerd = spawn(inside(
        "dockerd",
        ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"), "--pidfile", pidFile],
        ...["--host", dockerHost, "--bridge", "none", "--iptables=false", `--live-restore=${liveRestore}`],
        ...["--cgroup-parent", `/${cgroup}`, "--registry-mirror", `http://${REGISTRY}`],
      ));
      let isOver = false;
      dockerd.status.then(() => isOver = true);
      await until("the start of the private engine", async () => {
        if (isOver) throw new Error("The private engine ended at its start");
        return await request(dockerHost, "GET", "/_ping").then(() => true, () => false);
      }, 60_000);
    },
    async signal(name) {
      const { success } = await inside("sh", "-c", `kill -${name} "$(cat ${pidFile})"`).output();
      if (!success) throw new Error(`The private engine does not take SIG${name}`);
      // A process that entered the namespace for the engine stops with it, but does not go on with it by itself.
      if (name !== "STOP") wake(dockerd);
      if (name === "KILL" || name === "TERM") await dockerd?.status;
    },
    async stopRegistry() {
      await inside("sh", "-c", `kill -KILL "$(cat ${join(folder, "registry.pid")})"`).output();
      await registry?.status;
    },
    create: (name, image, labels) =>
      request(dockerHost, "POST", "/containers/create", { name }, undefined, {
        Image: image,
        Cmd: ["/bin/sh"],
        Labels: labels,
      }),
    async importImage(image, files) {
      const [repo = "", tag = ""] = image.split(/:(?=[^:]*$)/);
      const pack = tar.pack();
      for (const [name, content] of Object.entries(files)) {
        pack.entry({ name, mode: 0o755 }, Buffer.from(content));
      }
      pack.finalize();
      const query = { fromSrc: "-", repo, tag };
      await request(dockerHost, "POST", "/images/create", query, await buffer(pack));
    },
    async moveToRegistry(image) {
      const name = `${REGISTRY}/${image}`;
      const [repo = "", tag = ""] = name.split(/:(?=[^:]*$)/);
      await request(dockerHost, "POST", `/images/${image}/tag`, { repo, tag });
      // The registry may still be starting.
      await until(
        "a push",
        () => request(dockerHost, "POST", `/images/${name}/push`).then(() => true, () => false),
      );
      await request(dockerHost, "DELETE", `/images/${name}`);
      await request(dockerHost, "DELETE", `/images/${image}`);
    },
    async [Symbol.asyncDispose]() {
      const children = [namespace, ...running];
      await namespace.stdin.close();
      // They end with the processes that they entered the namespace for, unless they were stopped.
      for (const child of running) wake(child);
      await namespace.stdout.cancel();
      await Promise.all(children.map((child) => child.status));
      await removeCgroups(cgroup);
      await Deno.remove(folder, { recursive: true });
    },
  };

  try {
    await readReady(namespace.stdout);
    if (hasRegistry) {
      const config = join(folder, "registry.yml");
      await Deno.writeTextFile(
        config,
        `version: 0.1\nstorage: { filesystem: { rootdirectory: ${join(folder, "registry")} } }\n` +
          `http: { addr: ${REGISTRY} }\n`,
      );
      const start = `echo $$ > ${join(folder, "registry.pid")} && exec docker-registry serve ${config}`;
      registry = spawn(inside("sh", "-c", start));
    }
    await engine.start();
    await engine.importImage(TINY_IMAGE, await tinyFiles());
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function wake(child: Deno.ChildProcess | undefined): void {
  try {
    child?.kill("SIGCONT");
  } catch (error) {
    // It has ended: that is as good.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function readReady(output: ReadableStream<Uint8Array>): Promise<void> {
  const reader = output.getReader();
  const { done } = await reader.read();
  reader.releaseLock();
  if (done) throw new Error("There can be no namespace for a private engine");
}

/** Requests of the set-up, sent without what is tested here, but for the connection. */
async function request(
  dockerHost: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  query: Record<string, string> = {},
  file?: Buffer,
  body: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { modem } = connectDocker(dockerHost);
  const answer = await new Promise<string>((resolve, reject) => {
    modem.dial({
      path: `${path}?`,
      method,
      options: { _query: query, _body: body },
      headers: { "X-Registry-Auth": btoa("{}") },
      ...(file && { file }),
      statusCodes: { 200: true, 201: true, 204: true },
    }, (error, result) => error ? reject(error) : resolve(String(result)));
  });
  if (answer.includes('"error"')) throw new Error(`${method} ${path}: ${answer}`);
}

/**
 * Copies an image from the tests' engine.
 *
 * @param image Its name.
 * @param dockerHost Address of the engine that gets it.
 */
export async function copyImage(image: string, dockerHost: string): Promise<void> {
  const archive = await connectDocker(DOCKER_HOST).getImage(image).get();
  const answer = await connectDocker(dockerHost).loadImage(archive);
  for await (const _ of answer);
}

/** This machine's shell and `sleep`, with the libraries that they need. */
export async function tinyFiles(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const program of ["/bin/sh", "/bin/sleep"]) {
    const { stdout } = await new Deno.Command("ldd", { args: [program] }).output();
    const libraries = Array.from(
      new TextDecoder().decode(stdout).matchAll(/(\/\S+) \(0x/g),
      ([, path]) => path!,
    );
    for (const path of [program, ...libraries]) files[path.slice(1)] = await Deno.readFile(path);
  }
  return files;
}

/** The kernel keeps the groups of containers whose engine was killed. */
async function removeCgroups(name: string): Promise<void> {
  const roots = [
    "/sys/fs/cgroup",
    ...Array.from(Deno.readDirSync("/sys/fs/cgroup"), (entry) => `/sys/fs/cgroup/${entry.name}`),
  ];
  for (const group of roots.map((root) => join(root, name))) {
    await until(`the end of ${group}`, () => removeCgroup(group));
  }
}

function removeCgroup(path: string): boolean {
  try {
    for (const entry of Deno.readDirSync(path)) if (entry.isDirectory) removeCgroup(join(path, entry.name));
    // Its files are the kernel's: only the folder can be removed.
    return new Deno.Command("rmdir", { args: [path], stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return true;
    throw error;
  }
}
