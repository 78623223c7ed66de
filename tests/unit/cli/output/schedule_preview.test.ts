import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { previewSchedule, type SchedulePreview } from "../../../../cli/output/schedule_preview.ts";
import { userEnvironment } from "../../../support/user_environment.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const NOW = Date.parse("2026-05-05T10:11:12Z") / 1000;

function preview(expression: string, timezone?: string, count = 2, now = NOW): SchedulePreview {
  const result = previewSchedule(expression, { timezone, count, now });
  assert("times" in result, JSON.stringify(result));
  return result;
}

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

Deno.test("previewSchedule() gives the next times in UTC and by the schedule's clocks", () => {
  assert.deepEqual(preview("30 22 * * *", "America/New_York", 1).times, [
    { slot: NOW + 58_728, utc: "2026-05-06T02:30:00Z", local: "2026-05-05T22:30:00-04:00" },
  ]);
  assert.deepEqual(preview("CRON_TZ=Asia/Kolkata @daily").times.map(({ local }) => local), [
    "2026-05-06T00:00:00+05:30",
    "2026-05-07T00:00:00+05:30",
  ]);
  assert.equal(preview("* * * * *", undefined, 7).times.length, 7);
});

Deno.test("previewSchedule() says what happens at each change of clocks of the next year", () => {
  assert.deepEqual(preview("30 2 * * *", "Europe/Berlin").notes, [
    "2026-10-25: clocks go from 03:00:00 to 02:00:00; what comes twice runs once, the first time",
    "2027-03-28: clocks go from 02:00:00 to 03:00:00; what is skipped runs once, at 03:00:00",
  ]);
  assert.deepEqual(preview("TZ=Europe/Berlin 0 12 * * *").notes, [
    "2026-10-25: clocks go from 03:00:00 to 02:00:00; none of its times comes twice, but in UTC they move",
    "2027-03-28: clocks go from 02:00:00 to 03:00:00; none of its times is skipped, but in UTC they move",
  ]);
  assert.match(
    preview("@hourly", "Australia/Lord_Howe").notes[1]!,
    /^2027-04-04: .* goes on by elapsed time$/,
  );
  assert.deepEqual(preview("30 2 * * *").notes, []);
  assert.deepEqual(preview("30 2 * * *", "Asia/Kolkata").notes, []);
});

Deno.test("previewSchedule() looks for changes of clocks up to the last of the times", () => {
  const { notes } = preview("0 0 1 1 *", "Europe/Berlin", 4);
  assert.deepEqual(notes.map((note) => note.slice(0, 7)), [
    ...["2026-10", "2027-03", "2027-10", "2028-03", "2028-10", "2029-03", "2029-10"],
  ]);
});

Deno.test("previewSchedule() explains two restricted days, and intervals", () => {
  assert.match(preview("0 0 13 * 5").notes[0]!, /both restricted: it runs on days that match either$/);
  assert.match(
    preview("0 0 1-31 * 5").notes[0]!,
    /either, and as one of them has every day, it runs every day$/,
  );
  assert.deepEqual(preview("0 0 */1 * 5").notes, []);
  const { notes, times } = preview("TZ=America/Port-au-Prince @every 90s");
  assert.deepEqual(notes, [
    "every 90 s from one time to the next, counted from now here; it follows no clock",
  ]);
  assert.deepEqual(times.map(({ slot }) => slot - NOW), [90, 180]);
  assert.match(preview("@every 1.5s").notes[1]!, /^durations are cut to whole seconds/);
  assert.equal(preview("@every 1.5h").notes.length, 1);
});

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
