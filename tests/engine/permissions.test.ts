import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { createObjectStore } from "../../lib/runner/create_object_store.ts";
import type { DockerRunnerConfig, MinioConfig } from "../../lib/runner/docker_runner_config.ts";
import { parseDockerRunnerConfig } from "../../lib/runner/parse_docker_runner_config.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { libraryExample } from "../support/builders/doc_blocks.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { reportLeftovers } from "../support/fixtures/leftovers.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const SOCKET = DOCKER_HOST.replace("unix://", "");

const BOT = "import time\ndef main(id, config):\n    print('watching', config['symbol'], flush=True)\n" +
  "    while True: time.sleep(0.05)\n";
const BACKTEST = `
import { createDockerRunner, parseDockerRunnerConfig, parseExecutable } from "@berth/runner";

await using runner = createDockerRunner({ config: parseDockerRunnerConfig(Deno.env.toObject()) });
await runner.removeOrphans();
const ended = await runner.startContainer(parseExecutable({
  id: "my-bot",
  entrypoint: "backtest",
  entrypointFiles: { backtest: "backtest.py" },
  filePath: "me/my-bot/1.0.0",
}));
if (ended.status !== "success") throw new Error(JSON.stringify(ended));
console.log(new TextDecoder().decode(ended.result), (await runner.listManagedContainers(-1)).length);
`;

/** The flags of docs/library.md, for the folders and the socket of a test. */
async function exampleFlags(temp: string): Promise<string[]> {
  const words = (await libraryExample("permissions")).replaceAll("\\\n", " ").trim().split(/\s+/);
  assert.deepEqual([words.slice(0, 2), words.at(-1)], [["deno", "run"], "yours.ts"]);
  return words.slice(2, -1).map((word) =>
    word.replaceAll("/var/run/docker.sock", SOCKET).replaceAll("/tmp/runtime", `${temp}/runtime`)
      .replaceAll("$HOME", `${temp}/home`).replaceAll("$BERTH", ROOT)
  );
}

/** A bot in a store of its own, and a way to run programs with nothing but the flags given. */
class ProgramsFixture implements AsyncDisposable {
  readonly temp: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #config: DockerRunnerConfig;
  readonly #store: ObjectStore;
  readonly #denoDir: string;
  readonly #orchestrator = new DockerodeOrchestrator(connectDocker(DOCKER_HOST));

  private constructor(temp: string, env: Record<string, string>, denoDir: string) {
    this.temp = temp;
    this.#env = env;
    this.#config = parseDockerRunnerConfig(env);
    this.#store = createObjectStore(this.#config);
    this.#denoDir = denoDir;
  }

  static async open(variables: Record<string, string>): Promise<ProgramsFixture> {
    const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
    const env = {
      HOME: `${temp}/home`,
      TEMP_DIR: `${temp}/runtime`,
      BERTH_INSTANCE: `test-${crypto.randomUUID().slice(0, 8)}`,
      DOCKER_HOST,
      RUNTIME_IMAGES: Deno.env.get("RUNTIME_IMAGES") ?? "",
      ...variables,
    };
    const { denoDir } = JSON.parse(new TextDecoder().decode(
      (await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout,
    ));
    const fixture = new ProgramsFixture(temp, env, denoDir);
    try {
      await fixture.#putCode();
      return fixture;
    } catch (error) {
      await fixture[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #putCode(): Promise<void> {
    const { code } = this.#config.buckets;
    await this.#store.ensureBucket(code);
    const encode = (text: string) => new TextEncoder().encode(text);
    const archive = {
      "main.py": encode(BOT),
      "backtest.py": encode("def main(id, config):\n    print('tested')\n    return {'answer': 42}\n"),
    };
    await this.#store.put(code, "me/my-bot/1.0.0", zipSync(archive));
  }

  readonly run = async (code: string, flags: string[]): Promise<string> => {
    const { temp } = this;
    await Deno.writeTextFile(`${temp}/yours.ts`, code);
    // As a newcomer has it: in a folder outside the checkout, with nothing but the import map of docs/library.md.
    await Deno.writeTextFile(
      `${temp}/deno.json`,
      (await libraryExample("deno.json")).replaceAll("../berth", ROOT),
    );
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--no-check", "--cached-only", "--config", `${temp}/deno.json`],
        ...[...flags, `${temp}/yours.ts`],
      ],
      clearEnv: true,
      env: { ...this.#env, DENO_DIR: this.#denoDir, NO_COLOR: "1" },
    }).output();
    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success, `${flags.join(" ")}\n${output}${errors}`);
    assert.equal(errors, "");
    return output!;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await using orchestrator = this.#orchestrator;
    const { buckets, instance, minio } = this.#config;
    const containers = () => orchestrator.listContainers({ labels: { [LABEL.instance]: instance } });
    try {
      reportLeftovers("container", await containers());
      const folder = `${this.temp}/runtime/${instance}/containers`;
      reportLeftovers("workspace", await Array.fromAsync(Deno.readDir(folder)).catch(() => []));
    } finally {
      try {
        await Promise.all((await containers()).map(({ id }) => orchestrator.remove(id)));
        for (const bucket of [buckets.code, buckets.results, buckets.logs]) {
          for (const { key } of await Array.fromAsync(this.#store.list(bucket, "")).catch(() => [])) {
            await this.#store.delete(bucket, key);
          }
          if (minio) await removeBucket(minio, bucket);
        }
      } finally {
        await Deno.remove(this.temp, { recursive: true });
      }
    }
  }
}

async function removeBucket(minio: MinioConfig, bucket: string): Promise<void> {
  const { host: endPoint, port, ssl: useSSL } = minio;
  const [accessKey, secretKey] = [minio.accessKey.reveal(), minio.secretKey.reveal()];
  const client = connectMinio({ endPoint, port, useSSL, accessKey, secretKey });
  if (await client.bucketExists(bucket)) await client.removeBucket(bucket);
}

function withoutOne(flags: string[], flag: string, value?: string): string[] {
  return flags.flatMap((word) => {
    const [name, list = ""] = word.split(/=(.*)/s);
    if (name !== flag) return [word];
    const rest = list.split(",").filter((each) => value !== undefined && each !== value);
    return rest.length > 0 ? [`${name}=${rest.join(",")}`] : [];
  });
}

const EXAMPLE_OUTPUT =
  /^\S+Z watching BTC-USD\nstopped 143 watching BTC-USD\n\n\S+Z stdout tested\nsuccess \{ answer: 42 \}\n$/;

Deno.test("the example of docs/library.md runs with the permissions that the page names, and so does a backtest", async () => {
  await using fixture = await ProgramsFixture.open({});
  const { run, temp } = fixture;
  const flags = await exampleFlags(temp);
  const output = await run(await libraryExample("runner"), flags);
  assert.match(output, EXAMPLE_OUTPUT);
  assert.equal(await run(BACKTEST, flags), '{"answer": 42} 0\n');
});

Deno.test("each of the permissions in docs/library.md is needed", async () => {
  await using fixture = await ProgramsFixture.open({});
  const { run, temp } = fixture;
  const flags = await exampleFlags(temp);
  assert.ok(!flags.some((flag) => /^(-A|--allow-(all|run|ffi))/.test(flag)), flags.join(" "));
  for (
    const flag of flags.filter((flag) => flag.startsWith("--allow-") && !flag.startsWith("--allow-env"))
  ) {
    const [name = "", list = ""] = flag.split("=");
    for (const value of list.split(",")) {
      await assert.rejects(
        run(BACKTEST, withoutOne(flags, name, value)),
        /Requires|does not allow/,
        `${name} ${value}`,
      );
    }
  }
});

const MINIO = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_SSL"];
const minio = Object.fromEntries(MINIO.map((name) => [name, Deno.env.get(name) ?? ""]));
if (!minio.MINIO_ENDPOINT) {
  console.warn("NOT RUN: the permissions with MinIO need MINIO_ENDPOINT and its keys, or `./berth test`.");
}

Deno.test({
  name: "with MinIO the library needs its address, and no folder for objects",
  ignore: !minio.MINIO_ENDPOINT,
  fn: async () => {
    const bucket = `berth-test-${crypto.randomUUID().slice(0, 13)}`;
    const buckets = {
      MINIO_CODE_BUCKET: bucket,
      MINIO_BACKTESTS_BUCKET: `${bucket}-results`,
      MINIO_LOGS_BUCKET: `${bucket}-logs`,
    };
    await using fixture = await ProgramsFixture.open({ ...minio, ...buckets });
    const { run, temp } = fixture;
    const flags = [...MINIO, ...Object.keys(buckets)].reduce(
      (flags, name) => flags.map((flag) => flag.startsWith("--allow-env=") ? `${flag},${name}` : flag),
      ["--allow-read", "--allow-write"].reduce(
        (flags, name) => withoutOne(flags, name, `${temp}/home/.local/share/berth`),
        await exampleFlags(temp),
      ),
    );
    await assert.rejects(run(BACKTEST, flags), /Requires net access/);
    const withNet = flags.map((flag) =>
      flag.startsWith("--allow-net=") ? `${flag},${minio.MINIO_ENDPOINT}` : flag
    );
    assert.match(await run(await libraryExample("runner"), withNet), EXAMPLE_OUTPUT);
    assert.equal(await run(BACKTEST, withNet), '{"answer": 42} 0\n');
  },
});
