/**
 * Makes `robfig_table.jsonl`, the readings of some thousand cron expressions by robfig/cron 3.0.1, by running it
 * (`robfig/`). Needs Go and its module proxy. Run with `deno task cron-table`; the same seed gives the same table.
 *
 * @module
 */

import { type ClockChange, clockChanges } from "../../lib/util/time_zone.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { generateExpressions } from "./generate_expressions.ts";

const SEED = 20260505;
const EXPRESSIONS = 2500;
const STARTS = 3;
const TIMES = 5;
const ZONES = [
  "UTC",
  "America/New_York",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Asia/Kolkata",
];
/** How long before a change of clocks a start may be, in seconds: some near, for expressions that fire often. */
const BEFORE = [10, 600, 10_800, 129_600];

/** Where robfig/cron is known to do otherwise than its expressions say: each is named in the test. */
const DIFFERENCES = [
  ["30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z"],
  ["30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z"],
  ["0 3 * * *", "Australia/Lord_Howe", "2026-10-03T14:00:00Z"],
  ["30 1 * * *", "Australia/Lord_Howe", "2027-10-02T14:00:00Z"],
] as const;

const [from, to] = [Date.UTC(2026, 0) / 1000, Date.UTC(2028, 0) / 1000];
const changes = new Map(ZONES.map((zone): [string, ClockChange[]] => [zone, clockChanges(zone, from, to)]));
const random = seededRandom(SEED);

function start(): [zone: string, after: number, count: number] {
  const zone = random.pick(ZONES);
  const near = changes.get(zone)!;
  const after = near.length > 0 && random.below(4) > 0
    ? random.pick(near).at - random.below(random.pick(BEFORE))
    : from + random.below(to - from);
  return [zone, after, TIMES];
}

const lines = [
  ...generateExpressions(random, EXPRESSIONS).map((expression) => [
    expression,
    ...Array.from({ length: STARTS }, start),
  ]),
  ...DIFFERENCES.map(([expression, zone, after]) => [expression, [zone, Date.parse(after) / 1000, TIMES]]),
].map((line) => JSON.stringify(line));
const go = new Deno.Command("go", {
  args: ["run", "."],
  cwd: new URL("robfig/", import.meta.url),
  stdin: "piped",
  stdout: "piped",
}).spawn();
const [{ success, stdout }] = await Promise.all([
  go.output(),
  new Blob(lines.map((line) => `${line}\n`)).stream().pipeTo(go.stdin),
]);
if (!success) Deno.exit(1);
await Deno.writeFile(new URL("robfig_table.jsonl", import.meta.url), stdout);
