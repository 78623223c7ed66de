import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { aliveFileOf, keepAliveFile } from "../../lib/util/alive_file.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the image's entrypoint: the command that it hands over to, and its exit status. */
async function entrypoint(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; said: string }> {
  const script = (await Deno.readTextFile(`${ROOT}setup/image_entrypoint.sh`))
    .replace("cd /app", `cd '${ROOT}'`).replaceAll("exec deno", "exec echo");
  const { code, stdout } = await new Deno.Command("sh", { args: ["-c", script, "berth", ...args], env })
    .output();
  return { code, said: new TextDecoder().decode(stdout).trim() };
}

Deno.test("the image is the service without arguments, and else the command that it is given", async () => {
  for (
    const [args, said] of [
      [[], "task --quiet start"],
      [["start"], "task --quiet start"],
      [["ready"], "run --quiet -P=client setup/ready.ts"],
      [["bots", "--json"], "run --quiet -P=cli main.ts bots --json"],
      [["logs", "my-bot", "--tail", "5"], "run --quiet -P=cli main.ts logs my-bot --tail 5"],
    ] as const
  ) {
    assert.deepEqual(await entrypoint([...args], {}), { code: 0, said });
  }
});

Deno.test("the image's health check fails without a service, and when the service does not move", async () => {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const env = { TEMP_DIR: temp, BERTH_INSTANCE: "one" };
    const isHealthy = async () => (await entrypoint(["healthy"], env)).code === 0;
    assert.equal(await isHealthy(), false);
    const path = aliveFileOf(temp, "one");
    {
      await using _alive = await keepAliveFile(path, 3_600_000);
      assert.equal(await isHealthy(), true);
      const before = (Date.now() - 150_000) / 1000;
      await Deno.utime(path, before, before);
      assert.equal(await isHealthy(), false);
    }
    assert.equal(await isHealthy(), false);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
});
