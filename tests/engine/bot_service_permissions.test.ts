import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BOT, BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { warningsOf } from "../support/processes/berth_process.ts";

/** Reads the output of `deno task permissions`. */
async function printedFlags({ env }: BotFixture): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "permissions"],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env,
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, errors);
  return output!.trim().split(" ");
}

function without(flags: readonly string[], flag: string, value: string): string[] {
  return flags.flatMap((word) => {
    const [name, list = ""] = word.split(/=(.*)/s);
    if (name !== flag) return [word];
    const rest = list.split(",").filter((each) => each !== value);
    return rest.length > 0 ? [`${name}=${rest.join(",")}`] : [];
  });
}

/** Long enough to take over from a killed service that could not say which host it is on: that takes 20 s. */
const LIMIT_MS = 60_000;

Deno.test("BotService runs bots under the permissions that are printed, and needs each of them", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, publish, start, id, code } = fixture;
  const flags = await printedFlags(fixture);
  assert.ok(!flags.some((flag) => /^(-A|--allow-(all|run|ffi))/.test(flag)), flags.join(" "));
  await write(document("one"));
  {
    await using berth = start({}, flags);
    await publish("created", document("two"));
    await untilRunning(fixture, { one: {}, two: {} });
    await publish("deleted", { id: id("two") });
    await untilRunning(fixture, { one: {} });
    assert.deepEqual(warningsOf(berth), [], berth.lines.join("\n"));
  }
  for (const flag of flags.filter((flag) => /^--allow-(net|read|write|sys)=/.test(flag))) {
    const [name = "", list = ""] = flag.split("=");
    for (const value of list.split(",")) {
      // Unused while there is MinIO and MongoDB, and no bot has secrets: secrets_service.test.ts needs them.
      if (value.startsWith(fixture.env.DATA_DIR!) || value === "/run/berth") continue;
      // Read when an image is pulled.
      if (value.endsWith("/.docker/config.json")) continue;
      // Only builders get the authorities, and nothing is built here.
      if (value.endsWith("/ca-certificates.crt")) continue;
      const berth = start({}, without(flags, name, value));
      // Code that was extracted before is not read from the store, nor by a worker, again.
      const filePath = `bot/without-${crypto.randomUUID()}`;
      await code.put(filePath, { "main.py": `${BOT}# ${filePath}\n` });
      const next = document("next");
      await write({ ...next, custom: { ...next.custom as object, filePath } });
      try {
        await berth.logged(/Requires \w+ access|NotCapable|does not allow/, LIMIT_MS);
      } catch (cause) {
        throw new Error(`nothing is amiss without ${name}=${value}`, { cause });
      }
      await berth.kill();
    }
  }
  await using _berth = start({}, flags);
  await publish("deleted", { id: id("one") });
  await publish("deleted", { id: id("next") });
  await untilRunning(fixture, {});
});
