import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { userEnvironment } from "../support/user_environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How many MiB more a process may have after a large deployment. */
const MAX_MORE_MIB = 64;
/**
 * Reads files of many sizes at once, as a deployment does, and tells how many MiB more it has at the end. V8 frees buffers
 * beside the program, so on a busy machine some are still there when the collection returns.
 */
const READER = `
const rss = () => { gc(); return Deno.memoryUsage().rss / 2 ** 20; };
const folder = await Deno.makeTempDir();
const sizes = [...[1, 3, 5, 8, 16].map((mib) => mib * 2 ** 20), ...Array.from({ length: 40 }, (_, n) => 300_000 + 20_000 * n)];
for (const size of sizes) await Deno.writeFile(folder + "/" + size, new Uint8Array(size));
const before = rss();
for (let round = 0; round < 6; round++) await Promise.all(sizes.map((size) => Deno.readFile(folder + "/" + size)));
let more = rss() - before;
for (const end = performance.now() + 20_000; more >= ${MAX_MORE_MIB} && performance.now() < end; more = rss() - before) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(more);
await Deno.remove(folder, { recursive: true });
`;

async function task(name: string, env: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name],
    cwd: ROOT,
    clearEnv: true,
    env: { ...userEnvironment(), NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(60_000),
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

for (
  const [what, env, problem] of [
    [
      "an unknown value",
      { SERVICES: "x" },
      "SERVICES: must be bots, schedules or both, with a comma between",
    ],
    [
      "a folder that no flag can name",
      { TEMP_DIR: "/tmp/a b" },
      "'/tmp/a b' cannot be used: it holds a space",
    ],
    ["half of MinIO", { MINIO_ENDPOINT: "127.0.0.1:9" }, "MINIO_ACCESS_KEY: is missing"],
  ] as const
) {
  Deno.test(`deno task start with ${what} prints the message alone, once, and ends with 2`, async () => {
    const { code, stderr } = await task("start", env);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^berth: Cannot use the configuration:\n( {2}- .*\n)+$/);
    assert.equal(stderr.split(problem).length, 2, stderr);
  });
}

Deno.test("deno task permissions with a wrong configuration ends with 2", async () => {
  const { code, stderr } = await task("permissions", { SERVICES: "x" });
  assert.equal(code, 2);
  assert.match(stderr, /^berth: Cannot use the configuration:\n {2}- SERVICES: .*\n$/);
});

Deno.test({
  name: "deno task start gives the system back what a large deployment needed",
  // The GNU C library keeps freed pieces of up to 32 MiB for each thread, unless this variable sets a limit.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
    const [, assignments = "", flags = ""] = /^((?:\w+=\w+ )*)deno run --quiet (\S+) /.exec(tasks.start) ??
      [];
    const env = Object.fromEntries(
      assignments.trim().split(" ").filter(Boolean).map((one) => one.split("=")),
    );
    const reader = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", "--no-config", "--ext=js", `${flags},--expose-gc`, "-"],
      clearEnv: true,
      env: { ...userEnvironment(), ...env },
      stdin: "piped",
      stdout: "piped",
      signal: AbortSignal.timeout(60_000),
    }).spawn();
    await new Blob([READER]).stream().pipeTo(reader.stdin);
    const { code, stdout } = await reader.output();
    assert.equal(code, 0);
    const more = Number(new TextDecoder().decode(stdout));
    assert.ok(more < MAX_MORE_MIB, `${more} MiB more than before`);
  },
});
