import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { userEnvironment } from "../support/user_environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

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
