import assert from "node:assert/strict";
import { test } from "node:test";
import { CalendarBook } from "../../../../services/calendars/calendar_book.ts";
import { endWarning } from "../../../../services/calendars/calendar_end.ts";
import { dayOf } from "../../../../services/calendars/calendar.ts";
import { sessionOn } from "../../../../services/calendars/sessions.ts";

const FOREX = {
  mic: "forex",
  zone: "America/New_York",
  covers: { from: "2026-01-01", to: "2027-12-31" },
  weeks: [{
    from: "2026-01-01",
    ...Object.fromEntries(["mon", "tue", "wed", "thu", "fri"].map((day) => [day, [["-1d 17:00", "17:00"]]])),
  }],
  closed: ["2026-12-25"],
};

class Folder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();
  nowMs = 0;
  readonly book = new CalendarBook(this.path, () => this.nowMs);

  write(name: string, content: unknown): void {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    Deno.writeTextFileSync(`${this.path}/${name}.json`, text);
    // Nothing is looked at twice within a few seconds.
    this.nowMs += 10_000;
  }

  problem(name: string): string {
    const found = this.book.get(name);
    return "problem" in found ? found.problem : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

test("an own file adds a calendar, and a changed one counts without a restart", async () => {
  await using folder = new Folder();
  assert.match(folder.problem("forex"), /"forex" is not known; known are 24\/5/);
  folder.write("forex", FOREX);
  const forex = folder.book.get("forex");
  assert.ok("zone" in forex);
  const sunday = Date.parse("2026-11-29T17:00:00-05:00") / 1000;
  assert.equal(sessionOn(forex, dayOf("2026-11-30")!)?.open, sunday);
  folder.write("forex", { ...FOREX, closed: ["2026-11-30"] });
  const changed = folder.book.get("forex");
  assert.ok("zone" in changed);
  assert.equal(sessionOn(changed, dayOf("2026-11-30")!), undefined);
  assert.match(folder.problem("forx"), /did you mean forex\?.*forex.*own ones are files in/);
});

test("an own file overrides or extends a calendar that Berth ships, and its removal undoes that", async () => {
  await using folder = new Folder();
  folder.write("XNYS", {
    extends: "XNYS",
    closed: ["2026-11-30"],
    special: { "2026-12-25": [["09:30", "13:00"]] },
  });
  const own = folder.book.get("XNYS");
  assert.ok("zone" in own);
  assert.equal(sessionOn(own, dayOf("2026-11-30")!), undefined);
  assert.ok(sessionOn(own, dayOf("2026-12-25")!));
  assert.equal(sessionOn(own, dayOf("2026-11-26")!), undefined);
  await Deno.remove(`${folder.path}/XNYS.json`);
  folder.nowMs += 10_000;
  const shipped = folder.book.get("XNYS");
  assert.ok("zone" in shipped && sessionOn(shipped, dayOf("2026-11-30")!));
});

const BAD: readonly [what: string, file: unknown, problem: RegExp][] = [
  ["no JSON", "{", /forex\.json: is not JSON/],
  ["no object", "[]", /must be a JSON object/],
  ["another name", { ...FOREX, mic: "XNYS" }, /mic: is "XNYS", and the file is that of forex/],
  ["an unknown key", { ...FOREX, close: [] }, /"close": is not known; did you mean closed\?/],
  ["an unknown zone", { ...FOREX, zone: "Mars/Base" }, /zone: "Mars\/Base" is not known/],
  [
    "a date that does not exist",
    { ...FOREX, closed: ["2026-02-30"] },
    /closed\[0\]: "2026-02-30" is no date/,
  ],
  [
    "a date beyond its range",
    { ...FOREX, closed: ["2028-01-01"] },
    /closed\[0\]: "2028-01-01" is not within/,
  ],
  ["a date that is closed and special", {
    ...FOREX,
    special: { "2026-12-25": [["09:30", "13:00"]] },
  }, /special\.2026-12-25: "2026-12-25" is also at closed\[0\]/],
  [
    "a close before the open",
    { ...FOREX, special: { "2026-12-24": [["13:00", "09:30"]] } },
    /closes before it opens/,
  ],
  ["spans that overlap", {
    ...FOREX,
    special: { "2026-12-24": [["09:30", "13:00"], ["12:00", "15:00"]] },
  }, /special\.2026-12-24\[1\]: begins before the span before it ends/],
  ["sessions that overlap", {
    ...FOREX,
    special: { "2026-12-24": [["-1d 16:00", "17:00"]] },
  }, /the session of 2026-12-24 begins before the one before it ends/],
  [
    "a time that does not exist",
    { ...FOREX, special: { "2026-12-24": [["09:30", "24:30"]] } },
    /must be two times/,
  ],
  [
    "weeks out of order",
    { ...FOREX, weeks: [FOREX.weeks[0], FOREX.weeks[0]] },
    /weeks\[1\]\.from: must be later/,
  ],
  ["a range of a million years", { ...FOREX, covers: { from: "0001-01-01", to: "9999-12-31" } }, /200 years/],
  [
    "a range that ends first",
    { ...FOREX, covers: { from: "2027-01-01", to: "2026-12-31" } },
    /ends before it begins/,
  ],
  ["an extension of itself", { extends: "forex" }, /extends: "forex" is no calendar that Berth ships/],
];

for (const [what, file, problem] of BAD) {
  test(`a file with ${what} is refused with its path, and the others go on`, async () => {
    await using folder = new Folder();
    folder.write("forex", file);
    assert.match(folder.problem("forex"), problem);
    assert.ok(folder.problem("forex").startsWith(`${folder.path}/forex.json: `));
    assert.equal(folder.problem("XNYS"), "");
  });
}

test("a broken file of a shipped calendar does not fall back to the shipped one", async () => {
  await using folder = new Folder();
  folder.write("XNYS", "{");
  assert.match(folder.problem("XNYS"), /XNYS\.json: is not JSON/);
});

test("a book knows when a file has come, gone or changed", async () => {
  await using folder = new Folder();
  const { book, path } = folder;
  assert.equal(book.hasChanged(), false, "an empty folder");
  folder.write("forex", FOREX);
  assert.equal(book.hasChanged(), true);
  assert.equal(book.hasChanged(), false);
  folder.write("forex", { ...FOREX, closed: [] });
  assert.equal(book.hasChanged(), true);
  Deno.writeTextFileSync(`${path}/notes.txt`, "no calendar");
  assert.equal(book.hasChanged(), false);
  Deno.removeSync(`${path}/forex.json`);
  assert.equal(book.hasChanged(), true);
  for (const name of ["24-7", "24-5"]) {
    folder.write(name, { extends: name.replace("-", "/"), closed: ["2026-12-25"] });
    assert.equal(book.hasChanged(), true, name);
    folder.write(name, { extends: name.replace("-", "/"), closed: ["2026-12-26"] });
    assert.equal(book.hasChanged(), true, name);
  }
  assert.equal(book.hasChanged(), false);
  assert.equal(new CalendarBook(`${path}/none`).hasChanged(), false);
});

test("a calendar that ends soon says what to do: the file of an own one is there already", async () => {
  await using folder = new Folder();
  folder.write("forex", FOREX);
  const warningOf = (name: string) => {
    const calendar = folder.book.get(name);
    assert.ok("zone" in calendar);
    return endWarning(calendar, Date.parse("2030-01-01") / 1000);
  };
  assert.match(warningOf("forex")!, /ends on 2027-12-31, .*; extend what forex.json covers$/);
  assert.match(warningOf("XNYS")!, /; update Berth, or write XNYS.json into the folder of own calendars$/);
});
