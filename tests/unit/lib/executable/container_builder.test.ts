import assert from "node:assert/strict";
import { ContainerBuilder } from "../../../../lib/executable/container_builder.ts";
import { parseExecutable } from "../../../../lib/executable/executable.ts";

const executable = parseExecutable({
  id: "my-bot",
  entrypointFiles: { bot: "src/main.py", backtest: "backtest.py" },
  filePath: "me/my-bot/1",
  config: '{"quote":"\\"$(x)`y`"}',
  segment: 3,
});

Deno.test("ContainerBuilder begins with a container that is closed off", () => {
  const spec = new ContainerBuilder("name", "image").build();
  assert.deepEqual(spec.security, { user: "65532:65532", capabilities: [], allowNewPrivileges: false });
  assert.equal(spec.autoRemove, false);
  assert.equal(spec.labels["runtime.managed"], "true");
});

Deno.test("ContainerBuilder.withExecutable() follows the contract's environment and labels", () => {
  const { env, labels, workingDir } = new ContainerBuilder("name", "image").withExecutable(executable)
    .build();
  assert.deepEqual(env, {
    ID: "my-bot",
    BOT_ID: "my-bot",
    CONFIG: executable.config,
    BOT_CONFIG: executable.config,
    CONFIG_FILE: "/berth/config.json",
    ENTRYPOINT_TYPE: "bot",
    CODE_MOUNT_DIR: "/bot",
    SCRIPT_PATH: "src/main.py",
    PYTHONDONTWRITEBYTECODE: "1",
    HOME: "/tmp",
    STATE_DIR: "/state/.the0-state",
    BOT_TYPE: "realtime",
  });
  assert.equal(labels["runtime.id"], "my-bot");
  assert.equal(labels["runtime.entrypoint"], "main.py");
  assert.equal(labels["runtime.segment"], "3");
  assert.equal(workingDir, "/tmp");
});

Deno.test("ContainerBuilder.withExecutable() gives a folder for state, a quarter of the memory", () => {
  const resources = { memoryBytes: 400, cpuShares: 1, pids: 1 };
  const spec = new ContainerBuilder("name", "image").withExecutable(executable).withResources(resources)
    .build();
  assert.deepEqual(spec.tmpfs, [{ target: "/state", sizeBytes: 100 }]);
  assert.deepEqual(new ContainerBuilder("name", "image").build().tmpfs, []);
  const run = parseExecutable({ ...executable, isLongRunning: false });
  assert.equal(new ContainerBuilder("name", "image").withExecutable(run).build().env.BOT_TYPE, "scheduled");
});

Deno.test("ContainerBuilder.withExecutable() leaves an image its own program, folder and shell", () => {
  const input = {
    id: "my-bot",
    runtime: "image",
    image: "ghcr.io/me/bot:1",
    filePath: "a",
    entrypointFiles: {},
  };
  const build = (more: object) =>
    new ContainerBuilder("name", input.image).withExecutable(parseExecutable({ ...input, ...more })).build();
  const own = build({});
  assert.deepEqual([own.command, own.workingDir, own.env.SCRIPT_PATH], [[], undefined, undefined]);
  assert.deepEqual([own.env.STATE_DIR, own.tmpfs[0]?.target], ["/state", "/state"]);
  assert.equal(own.labels["runtime.entrypoint"], "bot");
  assert.deepEqual(build({ command: ["a", "b"] }).command, ["a", "b"]);
});

Deno.test("ContainerBuilder names the host where a container can reach it", () => {
  const hosts = (network: string) => new ContainerBuilder("name", "image").withNetwork(network).build().hosts;
  assert.deepEqual(hosts("host"), { "host.docker.internal": "127.0.0.1" });
  assert.deepEqual(hosts("bridge"), { "host.docker.internal": "host-gateway" });
  assert.deepEqual(hosts("trading"), { "host.docker.internal": "host-gateway" });
  assert.deepEqual([hosts("none"), hosts("container:x")], [{}, {}]);
});

Deno.test("ContainerBuilder.withExecutable() names the backtest's variables and folder", () => {
  const backtest = parseExecutable({ ...executable, entrypoint: "backtest" });
  const { env } = new ContainerBuilder("name", "image").withExecutable(backtest).build();
  assert.equal(env.BACKTEST_ID, "my-bot");
  assert.equal(env.BACKTEST_CONFIG, executable.config);
  assert.equal(env.CODE_MOUNT_DIR, "/backtest");
  assert.equal(env.SCRIPT_PATH, "backtest.py");
});

Deno.test("ContainerBuilder.withExecutable() leaves a configuration out that no environment variable holds", () => {
  const large = parseExecutable({ ...executable, config: { text: "x".repeat(200_000) } });
  const { env } = new ContainerBuilder("name", "image").withExecutable(large).build();
  assert.equal("CONFIG" in env || "BOT_CONFIG" in env, false);
  assert.equal(env.CONFIG_FILE, "/berth/config.json");
});

Deno.test("ContainerBuilder.build() gives a specification that later steps do not change", () => {
  const builder = new ContainerBuilder("name", "image").withLabels({ a: "1" });
  const spec = builder.build();
  builder.withLabels({ b: "2" }).withNetwork("none");
  assert.deepEqual(spec.labels, { "runtime.managed": "true", a: "1" });
  assert.equal(spec.network, "host");
});
