/**
 * Builds of dependencies on an engine that shares no folders with Berth. Any engine can play the manager's.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { Workspaces } from "../../lib/code/workspaces.ts";
import { ClusterBuilders } from "../../lib/cluster/cluster_builders.ts";
import { createSwarmRunner } from "../../lib/cluster/create_swarm_runner.ts";
import { SupervisorProgram } from "../../lib/cluster/supervisor/supervisor_program.ts";
import { SentBuilderFiles } from "../../lib/dependencies/sent_builder_files.ts";
import { DependencyError } from "../../lib/dependencies/dependency_error.ts";
import { ContainerBuilder } from "../../lib/executable/container_builder.ts";
import { ContainerOwnership } from "../../lib/runner/container_ownership.ts";
import { parseDockerRunnerConfig } from "../../lib/runner/parse_docker_runner_config.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { createSecretResolver } from "../../lib/secrets/create_secret_resolver.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { PackageIndex } from "../support/servers/package_index.ts";
import { until } from "../support/until.ts";

const RUN = { isLongRunning: false } as const;
const PRINT = "import mylib\ndef main(id, config):\n    print('value', mylib.value)\n";

/** A runner of a cluster that builds, one of this host that runs what was built, and an index for both. */
async function open(more: Record<string, string> = {}) {
  await using stack = new AsyncDisposableStack();
  const index = stack.use(new PackageIndex());
  const fixture = stack.use(await RunnerFixture.open());
  const clusterOf = (variables: Record<string, string> = {}): Runner => {
    const config = parseDockerRunnerConfig({
      ...fixture.variables,
      ...index.variables,
      NO_PROXY: "127.0.0.1",
      RUNNER: "swarm",
      BERTH_URLS: "http://127.0.0.1:1",
      MINIO_ENDPOINT: "127.0.0.1:1",
      MINIO_ACCESS_KEY: "unused",
      MINIO_SECRET_KEY: "unused-key",
      TEMP_DIR: `${fixture.temp}/cluster`,
      ...more,
      ...variables,
    });
    // A build needs no part of the Swarm.
    const unused = {} as never;
    return createSwarmRunner({
      config,
      store: fixture.store,
      secrets: createSecretResolver(config.secrets, config.dataDir),
      leases: unused,
      orders: unused,
      link: unused,
      program: new SupervisorProgram({ x86_64: new Uint8Array(1), aarch64: new Uint8Array(1) }),
    });
  };
  const cluster = clusterOf();
  stack.defer(() => cluster.close());
  const leftFolders = async () =>
    await Array.fromAsync(Deno.readDir(`${fixture.temp}/cluster/${fixture.config.instance}/containers`));
  const owned = stack.move();
  return {
    index,
    fixture,
    cluster,
    clusterOf,
    /** Nothing of a build is left, on the engine or here. */
    async isClean() {
      assert.deepEqual(await fixture.containers(), [], "no builder is left");
      assert.deepEqual(await leftFolders(), [], "no folder is left");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function outputOf({ runner }: RunnerFixture, executable: Parameters<Runner["startContainer"]>[0]) {
  const result = await runner.startContainer(executable);
  assert.ok(result.status !== "running");
  return result.output;
}

Deno.test("an engine without Berth's folders builds libraries, with a secret that only the builder sees", async () => {
  await using stage = await open({ SECRETS_DIR: "/nowhere" });
  const { index, fixture, clusterOf, isClean } = stage;
  const password = "correct-horse-battery";
  const dir = `${fixture.temp}/secrets`;
  await Deno.mkdir(dir, { mode: 0o700 });
  index.addWheel("mylib", { "mylib/__init__.py": "value = 42\n", "mylib/data.bin": "x".repeat(3_000_000) });
  // A build from source runs the package's own code, which looks around.
  await index.addSource(
    "curious",
    `
seen = []
for path in ("/var/run/docker.sock", ${JSON.stringify(fixture.temp)}):
    if os.path.exists(path): seen.append(path)
for path in ("/usr/x", "/etc/x", "/input/x", "/code/x", "/x", "/code/deep/below/file.txt"):
    try: open(path, "a").close(); seen.append(path)
    except OSError: pass
status = open("/proc/self/status").read()
seen += [line for line in status.splitlines() if line.startswith("Cap") and int(line.split()[1], 16)]
seen += [] if "NoNewPrivs:\\t1" in status else ["privileges"]
seen += [] if os.getuid() else ["root"]
seen += [] if open("/code/deep/below/file.txt").read() == "text" else ["no code"]
seen += [] if open("/proc/mounts").read().count(" /run/secrets tmpfs ") == 1 else ["secrets on disk"]
seen += [name for name in os.environ if name.startswith("BERTH_GIVEN")]
open("/build/out/seen.txt", "w").write(repr(seen))`,
  );
  await Deno.writeTextFile(`${dir}/index`, `${index.protect(password)}\n`, { mode: 0o600 });
  const cluster = clusterOf({ SECRETS_DIR: dir });
  const code = `${PRINT}    print(open('/bot/vendor/seen.txt').read())\n`;
  const bot = await fixture.deploy({
    "main.py": code,
    "requirements.txt": "mylib\ncurious\n",
    "deep/below/file.txt": "text",
  }, RUN);
  try {
    const lines: string[] = [];
    const { dependencies, lock } = await cluster.buildDependencies(bot, {
      allowSourceBuilds: true,
      secrets: { PIP_INDEX_URL: "file:index" },
      onLine: (line) => void lines.push(line),
    });
    assert.ok(lines.includes("berth: installing"), lines.join("\n"));
    assert.match(lock!.text, /^mylib==1\.0 --hash=sha256:/m);
    await isClean();
    assert.match(await outputOf(fixture, { ...bot, dependencies: dependencies! }), /value 42\n\[\]/);
    const found = await new Deno.Command("grep", { args: ["-rl", password, fixture.temp] }).output();
    assert.equal(new TextDecoder().decode(found.stdout).trim(), `${dir}/index`);
    for (const line of lines) assert.ok(!line.includes(password), line);

    // Any Berth finds the finished build again: the index is not asked.
    await index[Symbol.asyncDispose]();
    assert.deepEqual(
      (await cluster.buildDependencies(bot, { allowSourceBuilds: true })).dependencies,
      dependencies,
    );
  } finally {
    await cluster.close();
  }
});

Deno.test("packages of Node are built there, and the next manager builds if one is down", async () => {
  await using stage = await open({ DOCKER_HOST: `unix:///nowhere/docker.sock,${DOCKER_HOST}` });
  const { index, fixture, cluster, isClean } = stage;
  await index.addNode("left", { "index.js": "module.exports = 'left';\n" });
  const bot = await fixture.deploy({
    "main.js": "module.exports = () => console.log(require('left'));\n",
    "package.json": '{"dependencies":{"left":"^1.0.0"}}',
  }, { ...RUN, runtime: "nodejs20", entrypointFiles: { bot: "main.js" } });
  const { dependencies, lock } = await cluster.buildDependencies(bot);
  assert.equal(lock?.file, "package-lock.json");
  await isClean();
  assert.match(await outputOf(fixture, { ...bot, dependencies: dependencies! }), /^left$/m);
});

Deno.test("scripts in TypeScript are bundled there, with a tool that was built before", async () => {
  await using stage = await open({ NPM_CONFIG_REGISTRY: Deno.env.get("NPM_CONFIG_REGISTRY") ?? "" });
  const { fixture, cluster, isClean } = stage;
  const bot = await fixture.deploy({
    "main.ts": `import { add } from "./lib/util";
export default (id: string): void => console.log("sum", add(1, 2));
`,
    "lib/util.ts": "export const add = (a: number, b: number): number => a + b;\n",
  }, { ...RUN, runtime: "nodejs20", entrypointFiles: { bot: "main.ts" } });
  const { dependencies } = await cluster.buildDependencies(bot).catch((error) => {
    if (!/registry does not answer/.test(String(error))) throw error;
    console.log("not run: esbuild cannot be fetched here");
    return { dependencies: undefined };
  });
  await isClean();
  if (dependencies) assert.match(await outputOf(fixture, { ...bot, dependencies }), /^sum 3$/m);
});

Deno.test("a build there that does harm is ended, and nothing of it stays", async () => {
  await using stage = await open({ BUILD_DISK_LIMIT_MB: "64", BUILD_MEMORY_LIMIT_MB: "256" });
  const { index, fixture, cluster, isClean } = stage;
  const cases: readonly (readonly [name: string, code: string, wanted: RegExp])[] = [
    [
      "link",
      "os.symlink('/etc/passwd', '/build/problem'); os.kill(os.getppid(), 9)",
      /built: the builder ended/,
    ],
    ["setuid", "open('/build/out/evil', 'w').close(); os.chmod('/build/out/evil', 0o4755)", /a setuid file/],
    [
      "disk",
      "for n in range(40): open(f'/build/tmp/{n}', 'wb').write(bytes(8 << 20))\nimport time; time.sleep(60)",
      /more than 64 MiB/,
    ],
  ];
  for (const [name, code, wanted] of cases) {
    const lock = await index.addSource(name, code);
    const files = { "main.py": "", "requirements.txt": `${name}\n`, "requirements.lock": lock };
    const error = await cluster.buildDependencies(await fixture.deploy(files, RUN), {
      allowSourceBuilds: true,
    })
      .then(() => assert.fail(`${name} did not fail`), (error) => error);
    assert.ok(error instanceof DependencyError, `${name}: ${error?.stack ?? error}`);
    assert.match(error.message, wanted, `${name}: ${error.lines.join("\n")}`);
    await isClean();
  }
});

Deno.test("builders that a killed Berth has left are removed by the next one, and no others", async () => {
  await using fixture = await RunnerFixture.open();
  const { instance, images, dockerHost } = fixture.config;
  const ownership = new ContainerOwnership(instance);
  const docker = connectDocker(dockerHost);
  const workspaces = new Workspaces(`${fixture.temp}/containers`);
  await using builders = new ClusterBuilders({
    engines: [new DockerodeOrchestrator(docker)],
    workspaces,
    ownership,
    timeoutMs: 60_000,
  });
  const start = async (folder: string) => {
    const labels = { ...ownership.ownLabels, [LABEL.kind]: "build", [LABEL.folder]: folder };
    const spec = {
      name: `berth-${folder}`,
      Image: images["python3.11"]!,
      Cmd: ["sleep", "600"],
      Labels: labels,
    };
    const container = await docker.createContainer(spec);
    await container.start();
    return container;
  };
  const [left, busy, others] = [
    await workspaces.create("build"),
    await workspaces.create("build"),
    "build-else",
  ];
  const running = [await start(left), await start(busy), await start(`${others}${instance}`)];
  try {
    // As after a kill: nobody has reserved it any more.
    workspaces.release(left);
    assert.deepEqual(await builders.removeOrphans(), [`berth-${left}`, left]);
    assert.equal((await fixture.containers()).length, 2);
    assert.deepEqual(await workspaces.names(), [busy]);
  } finally {
    for (const container of running) await container.remove({ force: true }).catch(() => {});
  }
});

Deno.test("a builder whose Berth is gone ends by its own clock", async () => {
  await using fixture = await RunnerFixture.open();
  const engine = new DockerodeOrchestrator(connectDocker(fixture.config.dockerHost));
  const signal = AbortSignal.timeout(30_000);
  const files = new SentBuilderFiles({
    secrets: { resolve: () => Promise.resolve(new Map([["NAME", "value"]])) },
    maxBytes: 1024,
    maxLifeMs: 1000,
  });
  const name = `build-${crypto.randomUUID().slice(0, 8)}`;
  const user = { uid: 65_532, gid: 65_532 };
  const input = { name, folder: fixture.temp, engine, user, files: {}, folders: [], secrets: {} };
  const { start } = await files.give(input, signal);
  const spec = new ContainerBuilder(`berth-${name}`, fixture.config.images["python3.11"]!)
    .withLabels({ [LABEL.instance]: fixture.config.instance })
    .withSecurity({ user: "65532:65532", capabilities: [], allowNewPrivileges: false })
    .withCommand(["python3", "-c", "import signal, time\nsignal.signal(15, 1)\nwhile True: time.sleep(600)"])
    .build();
  try {
    const { id } = await start({ ...spec, tmpfs: [{ target: "/tmp", sizeBytes: 1 << 20 }] }, signal);
    assert.equal((await engine.wait(id, { signal })).exitCode, 137);
  } finally {
    await engine.remove(spec.name);
    await engine[Symbol.asyncDispose]();
  }
});

testInLab("a folder with requirements is deployed to a Swarm, and its bot has the library", async () => {
  const port = 8600;
  await using cluster = await ClusterFixture.open({
    nodes: 1,
    env: ({ outside }) => ({
      PIP_INDEX_URL: `http://${outside}:${port}/simple`,
      PIP_TRUSTED_HOST: outside,
      NO_PROXY: outside,
    }),
  });
  const { lab, temp } = cluster;
  await using index = new PackageIndex();
  index.addWheel("mylib", { "mylib/__init__.py": "value = 42\n" });
  await index.write(`${temp}/index`);
  const server = lab.hubCommand("python3", {
    args: ["-m", "http.server", String(port), "--bind", lab.outside, "--directory", `${temp}/index`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const folder = `${temp}/withlib`;
  try {
    assert.equal((await cluster.berth("init", folder)).code, 0);
    const code = `import mylib, time
def main(id, config):
    print("library", mylib.value, mylib.__file__, flush=True)
    try: open(mylib.__file__, "a")
    except OSError as error: print("and it is", error.strerror, flush=True)
    while True: time.sleep(0.1)
`;
    await Deno.writeTextFile(`${folder}/main.py`, code);
    await Deno.writeTextFile(`${folder}/requirements.txt`, "mylib\n");
    const { code: exit, output } = await cluster.berth("deploy", folder);
    assert.equal(exit, 0, output);
  } finally {
    server.kill("SIGKILL");
    await server.status;
  }
  assert.match(await Deno.readTextFile(`${folder}/requirements.lock`), /^mylib==1\.0 --hash=sha256:/m);
  await until("the lines of the bot", async () => {
    const { stdout } = await cluster.berth("logs", "withlib");
    return /library 42 \/bot\/vendor\/mylib\/__init__\.py[^]*and it is Permission denied/.test(stdout);
  });
  const docker = connectDocker(lab.managers[0]!);
  const builders = () => docker.listContainers({ all: true, filters: { label: [`${LABEL.kind}=build`] } });
  assert.deepEqual(await builders(), []);

  // Nothing of a build outlives the next start of a Berth that was killed meanwhile.
  await Deno.writeTextFile(`${folder}/requirements.txt`, "sleeper\n");
  await Deno.remove(`${folder}/requirements.lock`);
  const silent = lab.hubCommand("python3", {
    args: [
      "-c",
      `import socket\nsocket.create_server(("${lab.outside}", ${port}))\nimport time\ntime.sleep(600)`,
    ],
  }).spawn();
  try {
    const deploying = cluster.berth("deploy", folder).catch(() => {});
    await until("the builder", async () => (await builders()).some(({ State }) => State === "running"));
    await cluster.stop("SIGKILL");
    await deploying;
    assert.equal((await builders()).length, 1);
    await cluster.start();
    await until("no builder", async () => (await builders()).length === 0);
  } finally {
    silent.kill("SIGKILL");
    await silent.status;
  }
});
