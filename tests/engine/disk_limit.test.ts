import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";

const LIMIT_MB = "16";
/** Where free space tells nothing, containers are measured once a minute. */
const NOTICED_MS = 150_000;

/** Writes a file a little larger than the limit, or files until the disk is full. */
const CODE = `
import itertools, os, time

def main(id, config):
    print("runs", flush=True)
    if "writes" in config:
        os.makedirs(os.path.dirname(config["writes"]), exist_ok=True)
        with open(config["writes"], "wb", buffering=0) as file:
            for _ in range(35):
                file.write(b"x" * 500_000)
    if config.get("fills"):
        try:
            for number in itertools.count():
                with open(f"fill-{number}", "wb", buffering=0) as file:
                    while file.tell() < 8_000_000: file.write(b"x" * 100_000)
        except OSError as error:
            print("full:", error, flush=True)
    for number in range(config.get("lines", 1_000_000)):
        print("line", number, flush=True)
        time.sleep(0.2)
`;

async function putCode({ code }: BotFixture): Promise<void> {
  await code.put("bot/1", { "main.py": CODE });
}

Deno.test("BotService stops a bot that writes too much, into its code folder or elsewhere, and starts it again later", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, start, container, id } = fixture;
  await putCode(fixture);
  await using berth = start({ BOT_DISK_LIMIT_MB: LIMIT_MB });
  await publish("created", document("neighbour"));
  await publish("created", document("inside", { writes: "data/file" }));
  await publish("created", document("outside", { writes: "/tmp/data/file", berth: { disk_mb: 16 } }));
  await publish("created", document("roomy", { writes: "data/file", berth: { disk_mb: 64 } }));
  await until("the neighbour", async () => (await container("neighbour"))?.running === true);
  const before = (await container("neighbour"))!.id;
  await Promise.all([
    berth.logged(
      new RegExp(
        `id=${id("inside")} .*failed: it wrote \\d+ MB to disk and may write 16 MB, ` +
          `most of it to .*data/file.* in its code folder; .*raise BOT_DISK_LIMIT_MB.*next try at`,
      ),
      NOTICED_MS,
    ),
    berth.logged(
      new RegExp(`id=${id("outside")} .*failed: it wrote \\d+ MB .*outside its code folder.*raise disk_mb`),
      NOTICED_MS,
    ),
  ]);
  for (const name of ["inside", "outside"]) {
    await until(
      `the next start of ${name}`,
      async () => ((await container(name))?.attempt ?? 0) >= 2,
      60_000,
    );
  }
  const after = await container("neighbour");
  assert.deepEqual([after?.id, after?.running], [before, true]);
  assert.equal((await container("roomy"))?.attempt, 1, "its own limit is larger");
  for (const name of ["neighbour", "inside", "outside", "roomy"]) await publish("deleted", { id: id(name) });
  await untilRunning(fixture, {});
});

Deno.test("ScheduleService fails a run that writes too much, and says why", async () => {
  await using fixture = await RunFixture.open();
  const { start, schedule, code, runs, id } = fixture;
  await code.put("schedule/1", { "main.py": CODE });
  await using _berth = start({ SERVICES: "bots,schedules", BOT_DISK_LIMIT_MB: LIMIT_MB });
  await schedule("large", { writes: "data/file" });
  let reason = "";
  await until("the end of the run", async () => {
    const [record] = await runs.list(id("large"), { limit: 1 });
    reason = record?.reason ?? "";
    return record?.state === "failed";
  }, NOTICED_MS);
  assert.match(reason, /^It wrote \d+ MB to disk and may write 16 MB, most of it to "data\/file"/);
});

const isRoot = Deno.uid() === 0;
if (!isRoot) console.warn("NOT RUN: a full TEMP_DIR needs root, to mount a small one.");

/** A small disk that is mounted at a path. */
class SmallDiskFixture implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(path: string): Promise<SmallDiskFixture> {
    await Deno.mkdir(path, { mode: 0o700 });
    await run("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", path);
    return new SmallDiskFixture(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", "-l", this.#path);
  }
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test({
  name:
    "BotService ends a bot that fills TEMP_DIR; what waits for the space starts then, and logs are stored all the time",
  ignore: !isRoot,
  fn: async () => {
    await using fixture = await BotFixture.open();
    const { document, publish, start, container, id, env, storedTexts } = fixture;
    await putCode(fixture);
    await using _disk = await SmallDiskFixture.open(env.TEMP_DIR!);
    await using berth = start({ BOT_DISK_LIMIT_MB: LIMIT_MB, LOG_INTERVAL: "1" });
    await publish("created", document("steady"));
    await until("the steady bot", async () => (await storedTexts("steady")).length > 0);
    await publish("created", document("filler", { fills: true }));
    await until(
      "the full disk",
      async () => (await storedTexts("filler")).some((text) => /^full:/.test(text)),
    );
    const stored = (await storedTexts("steady")).length;
    await publish("created", document("late"));
    await berth.logged(new RegExp(`id=${id("late")} .*waiting for space on Berth's disk: .*full`));
    await berth.logged(new RegExp(`id=${id("filler")} .*failed: it wrote \\d+ MB`), NOTICED_MS);
    await publish("deleted", { id: id("filler") });
    await until("the start of the late bot", async () => (await container("late"))?.running === true);
    assert.ok((await storedTexts("steady")).length > stored);
    assert.equal((await container("steady"))?.attempt, 1);
    for (const name of ["steady", "late"]) await publish("deleted", { id: id(name) });
    await untilRunning(fixture, {});
  },
});
