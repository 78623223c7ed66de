import assert from "node:assert/strict";
import { type CronSchedule, parseCronSchedule } from "../../../../services/cron/cron_schedule.ts";

function schedule(expression: string, timezone?: string): CronSchedule {
  const parsed = parseCronSchedule(expression, timezone);
  assert("schedule" in parsed, JSON.stringify(parsed));
  return parsed.schedule;
}

function problem(expression: unknown, timezone?: unknown): string {
  const parsed = parseCronSchedule(expression, timezone);
  assert("problem" in parsed, `${JSON.stringify(expression)} was read`);
  assert(!/\n/.test(parsed.problem) && parsed.problem.length < 250, parsed.problem);
  return parsed.problem;
}

/** The next times after one, in UTC, without the year where it is the same. */
function times(expression: string, after: string, count: number, timezone?: string): string[] {
  const { next, has } = schedule(expression, timezone);
  const found: string[] = [];
  for (let at = Date.parse(after) / 1000; found.length < count;) {
    at = next(at)!;
    assert(has(at), `${expression} has ${at}`);
    found.push(new Date(at * 1000).toISOString().replace(".000Z", ""));
  }
  return found.map((time) => time.startsWith(after.slice(0, 4)) ? time.slice(5) : time);
}

Deno.test("parseCronSchedule() reads six fields with seconds first, five, names and @every, and says which", () => {
  const at = "2026-05-05T10:11:12Z"; // a Tuesday
  for (
    const [expression, reading, first] of [
      ["30 * * * * *", "six-fields", "05-05T10:11:30"],
      ["30 * * * *", "five-fields", "05-05T10:30:00"],
      ["@hourly", "descriptor", "05-05T11:00:00"],
      ["@daily", "descriptor", "05-06T00:00:00"],
      ["@midnight", "descriptor", "05-06T00:00:00"],
      ["@weekly", "descriptor", "05-10T00:00:00"],
      ["@monthly", "descriptor", "06-01T00:00:00"],
      ["@yearly", "descriptor", "2027-01-01T00:00:00"],
      ["@annually", "descriptor", "2027-01-01T00:00:00"],
      ["@every 1h30m", "every", "05-05T11:41:12"],
      ["  30\t* * * *\n", "five-fields", "05-05T10:30:00"],
    ] as const
  ) {
    assert.equal(schedule(expression).reading, reading, expression);
    assert.deepEqual(times(expression, at, 1), [first], expression);
    assert.equal(schedule(expression).expression, expression);
  }
});

Deno.test("parseCronSchedule() takes either day where both are restricted, and both where one is a star", () => {
  const at = "2026-05-01T00:00:00Z"; // a Friday
  assert.deepEqual(times("0 0 13 * 5", at, 3), ["05-08T00:00:00", "05-13T00:00:00", "05-15T00:00:00"]);
  assert.deepEqual(times("0 0 */1 * 5", at, 2), ["05-08T00:00:00", "05-15T00:00:00"]);
  assert.deepEqual(times("0 0 ? * fri", at, 2), ["05-08T00:00:00", "05-15T00:00:00"]);
  // A step makes it no star, and a full range is none: every other day or Friday, every day or Friday.
  assert.deepEqual(times("0 0 */2 * 5", at, 3), ["05-03T00:00:00", "05-05T00:00:00", "05-07T00:00:00"]);
  assert.deepEqual(times("0 0 1-31 * 5", at, 2), ["05-02T00:00:00", "05-03T00:00:00"]);
});

Deno.test("parseCronSchedule() rounds @every down to whole seconds, and up to one", () => {
  for (
    const [duration, seconds] of [
      ["90s", 90],
      ["1.9s", 1],
      ["1h0.5m.5s", 3630],
      ["+2m", 120],
      ["10ms", 1],
      ["0", 1],
      ["-5m", 1],
      ["999999us", 1],
      ["2000000µs", 2],
      ["2562047h47m16s", 9_223_372_036],
    ] as const
  ) assert.equal(schedule(`@every ${duration}`).next(1000.7), 1000 + seconds, duration);
  assert(schedule("@every 5m").has(12_345));
  assert(!schedule("@every 5m").has(0.5));
  for (const duration of ["", "5", "5 m", " 5m", "5m ", "5d", "m", ".s", "1h-5m", "2562048h", "5M", "--5m"]) {
    assert.match(problem(`@every ${duration}`), /^@every: ".*" is no duration; expected .*1h30m/);
  }
});

Deno.test("parseCronSchedule() takes the zone of the expression or the one given, and wants them to be the same", () => {
  const at = "2026-05-05T00:00:00Z";
  const noon = ["05-05T10:00:00"];
  assert.deepEqual(times("0 12 * * *", at, 1), ["05-05T12:00:00"]);
  assert.deepEqual(times("0 12 * * *", at, 1, "Europe/Berlin"), noon);
  assert.deepEqual(times("TZ=Europe/Berlin 0 12 * * *", at, 1), noon);
  assert.deepEqual(times("CRON_TZ=Europe/Berlin   0 0 12 * * * ", at, 1), noon);
  assert.deepEqual(times("TZ=Europe/Berlin 0 12 * * *", at, 1, "europe/berlin"), noon);
  assert.deepEqual(times("TZ=Local 0 12 * * *", at, 1, "Europe/Berlin"), noon);
  assert.equal(schedule("TZ=Asia/Kolkata @daily", "Asia/Calcutta").timezone, "Asia/Kolkata");
  assert.equal(schedule("@daily", "").timezone, "UTC");
  assert.equal(
    problem("TZ=Europe/Berlin @daily", "UTC"),
    'timezone: "UTC" differs from "Europe/Berlin" in the expression; leave one out',
  );
  for (const zone of ["Mars/Olympus", "Local", "+05:30", "IST", " UTC", "x".repeat(10_000), "\n"]) {
    assert.match(problem("@daily", zone), /^timezone: ".*" is not known; expected an IANA name/);
  }
  assert.match(problem("TZ=Mars/Olympus @daily"), /^timezone: "Mars\/Olympus" is not known/);
  assert.match(problem("TZ=UTC"), /^TZ= must be followed by a time zone, a space and the expression$/);
  for (const zone of [5, {}, false]) {
    assert.match(problem("@daily", zone), /^timezone: must be a string \(is a/);
  }
});

Deno.test("parseCronSchedule() runs a skipped time at the end of the gap, and a repeated one the first time", () => {
  const newYork = "America/New_York";
  // 2026-03-08, 02:00 to 03:00: not there. 2026-11-01, 01:00 to 02:00: twice.
  const spring = "2026-03-07T12:00:00Z";
  assert.deepEqual(times("30 2 * * *", spring, 2, newYork), ["03-08T07:00:00", "03-09T06:30:00"]);
  assert.deepEqual(times("*/20 2 8 3 *", spring, 2, newYork), ["03-08T07:00:00", "2027-03-08T07:00:00"]);
  assert.deepEqual(times("0 2,3 * * *", spring, 2, newYork), ["03-08T07:00:00", "03-09T06:00:00"]);
  assert.deepEqual(times("* * 2 8 3 *", spring, 2, newYork), ["03-08T07:00:00", "2027-03-08T07:00:00"]);
  const autumn = "2026-10-31T12:00:00Z";
  assert.deepEqual(times("30 1 * * *", autumn, 2, newYork), ["11-01T05:30:00", "11-02T06:30:00"]);
  assert.deepEqual(times("*/30 1,2 * * *", autumn, 5, newYork), [
    "11-01T05:00:00",
    "11-01T05:30:00",
    "11-01T07:00:00",
    "11-01T07:30:00",
    "11-02T06:00:00",
  ]);
  // Asked in the second of the two hours: the first has had it.
  assert.deepEqual(times("30 1 * * *", "2026-11-01T06:10:00Z", 1, newYork), ["11-02T06:30:00"]);
  assert(!schedule("30 1 * * *", newYork).has(Date.parse("2026-11-01T06:30:00Z") / 1000));
  // Midnight that is not there, and half an hour that is not there, or twice.
  assert.deepEqual(times("0 0 * * 0", "2026-09-05T12:00:00Z", 1, "America/Santiago"), ["09-06T04:00:00"]);
  assert.deepEqual(times("15 2 4 10 *", "2026-10-01T00:00:00Z", 1, "Australia/Lord_Howe"), [
    "10-03T15:30:00",
  ]);
  assert.deepEqual(times("45 1 * 4 *", "2026-04-04T00:00:00Z", 2, "Australia/Lord_Howe"), [
    "04-04T14:45:00",
    "04-05T15:15:00",
  ]);
});

Deno.test("parseCronSchedule() goes on by elapsed time, through both changes, where it runs in every hour", () => {
  const newYork = "America/New_York";
  for (
    const [expression, after, every, count] of [
      ["17 * * * *", "2026-03-08T00:17:00Z", 3600, 24],
      ["*/15 0-23 * * *", "2026-03-08T00:00:00Z", 900, 96],
      ["@hourly", "2026-11-01T00:00:00Z", 3600, 24],
      ["*/30 * * * * *", "2026-11-01T04:59:30Z", 30, 480],
      ["* * * * * *", "2026-03-08T06:59:00Z", 1, 120],
    ] as const
  ) {
    const begin = Date.parse(after) / 1000;
    const { next } = schedule(expression, newYork);
    for (let slot = 1; slot <= count; slot++) {
      assert.equal(next(begin + (slot - 1) * every), begin + slot * every, `${expression}, ${slot}`);
    }
  }
});

Deno.test("parseCronSchedule() says of an expression that never fires, or is none, what is wrong and expected", () => {
  for (
    const [expression, expected] of [
      ["0 0 30 2 *", /^day-of-month: these months have no day 30, so it never fires/],
      ["0 0 31 2,4,6,9,11 ?", /^day-of-month: these months have no day 31, so it never fires/],
      ["0 0 , * *", /^day-of-month: has no value, so it never fires; expected 1-31/],
      ["0 0 , * ,", /^day-of-month: has no value, so it never fires/],
      ["0 0 * , *", /^month: has no value/],
      ["0 0 , , 5", /^month: has no value/],
      [", * * * * *", /^second: has no value/],
      [
        "",
        /^the expression is empty; expected five fields \(minute hour day-of-month month day-of-week\), six with seconds/,
      ],
      [" \n\t", /^the expression is empty/],
      ["* * * *", /^the expression has 4 fields; expected five/],
      ["0 0 12 1 1 ? 2026", /^the expression has 7 fields; expected five/],
      ["2026-05-05T10:00:00", /^the expression has 1 field; expected five/],
      ["*".repeat(1024), /^the expression has 1 field; expected five/],
      ["*".repeat(1025), /^the expression has 1025 characters; at most 1024 are read$/],
      [" ".repeat(100_000), /^the expression has 100000 characters/],
      [`TZ=UTC ${" ".repeat(100_000)}@daily`, /^the expression has 100013 characters/],
      [`${"*".repeat(1000)} * * * *`, /^minute: "\*{40}…" is not understood; expected 0-59/],
      ["* ".repeat(512), /^the expression has 512 fields; expected five/],
      ["* * * * 7", /^day-of-week: "7" goes above 6; expected 0-6 or SUN-SAT \(Sunday is 0\)/],
      ["* * L * *", /^day-of-month: "L" is not understood; expected 1-31/],
      ["* * 15W * *", /^day-of-month: "15W" is not understood/],
      ["* * * * 5#3", /^day-of-week: "5#3" is not understood/],
      ["60 * * * *", /^minute: "60" goes above 59; expected 0-59/],
      ["* * 0 * *", /^day-of-month: "0" begins below 1/],
      ["* 22-2 * * *", /^hour: "22-2" ends before it begins; expected 0-23/],
      ["*/0 * * * *", /^minute: "\*\/0" has a step that is not a whole number from 1 on/],
      ["1/2/3 * * * *", /^minute: "1\/2\/3" has more than one step/],
      ["1-2-3 * * * *", /^minute: "1-2-3" has more than one hyphen/],
      ["* * * * 1 x", /^day-of-week: "x" is not understood/],
      [
        "@reboot",
        /^"@reboot" is not known; expected one of @yearly,.*@every DURATION, @open CALENDAR, @close CALENDAR$/,
      ],
      ["@Daily", /^"@Daily" is not known/],
      [" @daily", /^the expression has 1 field/],
      ["@\n\u001b[2J", /^"@\\n\\u001b\[2J" is not known/],
    ] as const
  ) assert.match(problem(expression), expected, expression);
  for (
    const [value, kind] of [[undefined, "missing"], [null, "null"], [5, "a number"], [["@daily"], "an array"]]
  ) {
    assert.equal(problem(value), `must be a string (is ${kind})`);
  }
});

Deno.test("parseCronSchedule() ends with the year 3000, and answers any number", () => {
  assert.equal(schedule("0 0 29 2 *").next(Date.parse("2996-03-01") / 1000), undefined);
  for (const after of [NaN, Infinity, -Infinity, 1e300, 253_402_300_799]) {
    assert.equal(schedule("@daily").next(after), undefined);
  }
  assert.equal(schedule("@daily").next(-0.5), 0);
  for (const slot of [NaN, Infinity, 0.5]) assert(!schedule("@daily").has(slot));
  assert(schedule("@daily", "UTC").has(0));
});
