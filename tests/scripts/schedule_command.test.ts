import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { userEnvironment } from "../support/user_environment.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the command as `berth` does, where there is no engine. */
async function berth(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P=cli", "main.ts", "schedule", ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...userEnvironment(), DOCKER_HOST: "unix:///nowhere/docker.sock", NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("berth schedule preview prints the times, the reading and the notes, without an engine", async () => {
  const { code, stdout, stderr } = await berth("preview", "30 2 * * *", "--timezone", "Europe/Berlin");
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^Read as five fields, at second 0, in Europe\/Berlin\.\n\nUTC +local \(Europe\/Berlin\)\n/,
  );
  assert.equal(
    stdout.match(/^\w{3} \d{4}-.* 0\d:30:00 {2}\w{3} .* 02:30:00 \+0[12]:00$/gm)?.length,
    5,
    stdout,
  );
  assert.match(stdout, /^note: .*clocks go from/m);
  const utc = await berth("preview", "@daily", "--count", "1");
  assert.match(utc.stdout, /, in UTC\.\n\nUTC\n\w{3} \d{4}-\S+ 00:00:00\n$/);
  const json = await berth("preview", "30 * * * * *", "--json", "--count", "3");
  const { reading, timezone, times } = JSON.parse(json.stdout);
  assert.deepEqual([reading, timezone, times.length], ["six-fields", "UTC", 3]);
  assert(times.every(({ slot }: { slot: number }) => slot % 60 === 30 && slot * 1000 > Date.now() - 600_000));
});

Deno.test("berth schedule preview says why an expression cannot run, and how it is asked", async () => {
  const never = await berth("preview", "0 0 30 2 *");
  assert.deepEqual([never.code, never.stdout], [1, ""]);
  assert.match(never.stderr, /^berth: this schedule cannot run: day-of-month: these months have no day 30/);
  const json = await berth("preview", "", "--json");
  assert.equal(json.code, 1);
  assert.match(JSON.parse(json.stdout).problem, /^the expression is empty/);
  for (
    const [args, message] of [
      [[], /needs 'preview' and a cron expression, in quotes/],
      [["preview", "*", "*", "*", "*", "*"], /does not take '\*'.*in quotes/s],
      [["list", "* * * * *"], /'schedule' has no 'list'; use 'schedule preview'/],
      [["preview", "* * * * *", "--count", "0"], /--count takes a whole number from 1 to 1000, not '0'/],
    ] as const
  ) {
    const { code, stderr } = await berth(...args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});
