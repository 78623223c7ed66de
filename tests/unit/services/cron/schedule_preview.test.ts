import assert from "node:assert/strict";
import { previewSchedule, type SchedulePreview } from "../../../../services/cron/schedule_preview.ts";

const NOW = Date.parse("2026-05-05T10:11:12Z") / 1000;

function preview(expression: string, timezone?: string, count = 2, now = NOW): SchedulePreview {
  const result = previewSchedule(expression, { timezone, count, now });
  assert("times" in result, JSON.stringify(result));
  return result;
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
