/**
 * Measures the bot service against the raw engine, in one run: Berth as users start it, on MongoDB, NATS and MinIO.
 * Each time is taken from the engine's own events. Run with `berth bench`, which brings the servers.
 *
 * @module
 */

import type { BerthProcess } from "../support/processes/berth_process.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { type EngineEvent, type EngineEvents, followEvents } from "./engine_events.ts";
import { type RawEngine, rawEngine } from "./raw_bots.ts";
import { until } from "../support/until.ts";
import { median } from "../support/measures.ts";

const ROUNDS = 20;
const BATCH = 50;
/** Half of them by events, half by one write; one of each goes before, and is not counted. */
const BATCH_ROUNDS = 12;
const CONCURRENCIES = [2, 4];
/** As users start it; tests log more. */
const LOG_LEVEL = "info";

const missing = ["MONGO_URI", "MINIO_ENDPOINT"].filter((name) => !Deno.env.get(name));
if (missing.length > 0) {
  console.log(`bots: not measured, as ${missing.join(" and ")} is not set; use \`berth bench\``);
} else {
  await using fixture = await BotFixture.open();
  await using events = await followEvents(fixture);
  const raw = await rawEngine(fixture, events);
  await measureLatency(fixture, events, raw);
  await measureBatches(fixture, events, raw);
}

/** From the document to the running container, and from an event to SIGTERM. */
async function measureLatency(fixture: BotFixture, events: EngineEvents, raw: RawEngine): Promise<void> {
  const { document, write, publish, start, direct, id, containers } = fixture;
  await using berth = start({ ...direct, LOG_LEVEL });
  await berth.logged(/Events come from the stream/);
  const starts: number[] = [];
  const rawStarts: number[] = [];
  const stops: Record<string, number[]> = { disabled: [], deleted: [] };
  // The first brings the archive.
  for (let round = -1; round < ROUNDS; round++) {
    const name = `single-${round}`;
    const bot = document(name);
    const writtenAt = now();
    await write(bot);
    await publish("created", bot);
    const startedAt = await events.timeOf("start", nameOf(fixture, name));
    const rawAt = now();
    const rawName = await raw.start();
    const rawStartedAt = await events.timeOf("start", rawName);
    await raw.remove(rawName);
    await untilRunning(fixture, { [name]: {} });
    const how = round % 2 === 0 ? "disabled" : "deleted";
    const toldAt = now();
    if (how === "disabled") await publish("updated", document(name, { enabled: false }));
    else await publish("deleted", { id: id(name) });
    const killedAt = await events.timeOf("kill", nameOf(fixture, name));
    await until("its end", async () => (await containers()).length === 0);
    if (round < 0) continue;
    starts.push(startedAt - writtenAt);
    rawStarts.push(rawStartedAt - rawAt);
    stops[how]!.push(killedAt - toldAt);
  }
  const [ours, theirs] = [median(starts), median(rawStarts)];
  console.log(
    `document and event to running container: ${ours.toFixed(0)} ms, raw create and start ${
      theirs.toFixed(0)
    } ms ` +
      `(medians of ${ROUNDS}; wanted: at most 1.25 × raw + 50 ms = ${(1.25 * theirs + 50).toFixed(0)} ms)`,
  );
  for (const [how, times] of Object.entries(stops)) {
    console.log(
      `${how} by an event to SIGTERM: ${median(times).toFixed(0)} ms, at most ${
        Math.max(...times).toFixed(0)
      } ms ` +
        `(${times.length} times; wanted: within 100 ms)`,
    );
  }
}

/** How Berth is told that bots are disabled. */
type How = "events" | "write";

/** The measurements of one round: rates in 1/s, times in ms. */
interface BatchRound {
  /** How Berth was told of the end. */
  readonly how: How;
  /** Starts of the raw engine, by concurrency. */
  readonly rawRates: readonly number[];
  /** Starts of Berth. */
  readonly rate: number;
  /** From the start of the process until all run. */
  readonly allRun: number;
  /** The raw engine's stop of all; with their removal. */
  readonly rawStop: number;
  readonly rawEnd: number;
  /** The first time in a process, and the second. */
  readonly ends: readonly [Ends, Ends];
}

/** From the events, or the first SIGTERM, in ms. */
interface Ends {
  /** Until all have ended. */
  readonly ended: number;
  /** Until all are removed. */
  readonly gone: number;
}

/** All bots that were there before Berth, and all of them disabled at one moment: by events, and by one write. */
async function measureBatches(fixture: BotFixture, events: EngineEvents, raw: RawEngine): Promise<void> {
  const rounds: BatchRound[] = [];
  for (let round = -2; round < BATCH_ROUNDS; round++) {
    const measured = await measureBatch(fixture, events, raw, round);
    if (round >= 0) rounds.push(measured);
    // A round takes most of a minute, and whoever waits should see that it goes on.
    console.log(`measured ${Math.max(round + 1, 0)} of ${BATCH_ROUNDS} rounds of ${BATCH} bots`);
  }
  const rates = CONCURRENCIES.map((_, at) => median(rounds.map(({ rawRates }) => rawRates[at]!)));
  const rate = median(rounds.map(({ rate }) => rate));
  console.log(
    `${BATCH} bots before the start: ${rate.toFixed(1)}/s, raw engine by concurrency ` +
      `${
        CONCURRENCIES.map((concurrency, at) => `${concurrency}: ${rates[at]!.toFixed(1)}`).join(", ")
      }: ratio ` +
      `${
        (rate / Math.max(...rates)).toFixed(2)
      } of its best (medians of ${BATCH_ROUNDS}; wanted: at least 0.9); ` +
      `all run ${median(rounds.map(({ allRun }) => allRun)).toFixed(0)} ms after the process was started`,
  );
  const counted = rounds.map(({ allRun, rawRates }) => BATCH / (allRun / 1000) / Math.max(...rawRates));
  console.log(
    `counted from the start of the process: ${median(counted).toFixed(2)} of the raw engine's best ` +
      `(ratios within a round; wanted: at least 0.85)`,
  );
  for (const [how, since] of [["events", "the events"], ["write", "the first SIGTERM of a full read"]]) {
    const those = rounds.filter((each) => each.how === how);
    for (const [time, name] of ["first", "second"].entries()) {
      const of = (pick: (round: BatchRound, ends: Ends) => number) =>
        median(those.map((round) => pick(round, round.ends[time]!)));
      console.log(
        `${BATCH} bots disabled at once by ${how}, the ${name} time in a process, after ${since}: ` +
          `have ended after ${of((_, { ended }) => ended).toFixed(0)} ms, ` +
          `${of(({ rawStop }, { ended }) => ended / rawStop).toFixed(2)} × the raw engine's stop; ` +
          `are gone after ${of((_, { gone }) => gone).toFixed(0)} ms, ` +
          `${of(({ rawEnd }, { gone }) => gone / rawEnd).toFixed(2)} × its stop and removal, ` +
          `${of(({ rawStop }, { gone }) => gone / rawStop).toFixed(2)} × its stop alone ` +
          `(raw ${of(({ rawStop }) => rawStop).toFixed(0)} and ${
            of(({ rawEnd }) => rawEnd).toFixed(0)
          } ms; ` +
          `medians of ${those.length}, ratios within a round; wanted: at most 1.5)`,
      );
    }
  }
}

async function measureBatch(
  fixture: BotFixture,
  events: EngineEvents,
  raw: RawEngine,
  round: number,
): Promise<BatchRound> {
  const { document, write, start, direct } = fixture;
  const names = Array.from({ length: BATCH }, (_, index) => `batch-${index}`);
  const ids = names.map((name) => nameOf(fixture, name));
  const rawRates: number[] = [];
  const rawStops: number[] = [];
  const rawEnds: number[] = [];
  for (const concurrency of CONCURRENCIES) {
    events.clear();
    const made: string[] = [];
    await pooled(concurrency, async () => void made.push(await raw.start()));
    await Promise.all(made.map((name) => events.timeOf("start", name)));
    rawRates.push(rateOf(events.all));
    const begin = now();
    await Promise.all(made.map((name) => raw.stop(name)));
    rawStops.push(now() - begin);
    await Promise.all(made.map((name) => raw.remove(name)));
    rawEnds.push(now() - begin);
  }
  for (const name of names) await write(document(name, { round }));
  // Its events come by the bus in the one round, and in the other it reads its documents each second.
  const how = round % 2 === 0 ? "events" : "write";
  events.clear();
  const begin = now();
  await using berth = start({
    ...direct,
    LOG_LEVEL,
    ...(how === "write" && { NATS_URL: "", RECONCILE_INTERVAL: "1" }),
  });
  const started = await Promise.all(ids.map((name) => events.timeOf("start", name)));
  const rate = rateOf(events.all);
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, undefined])));
  if (how === "events") await berth.logged(/Events come from the stream/);
  const first = await disableAll(fixture, { names, events, berth, how });
  for (const name of names) await write(document(name, { round, again: true }));
  if (how === "events") {
    await Promise.all(names.map((name) => fixture.publish("updated", document(name, { again: true }))));
  }
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, undefined])));
  const second = await disableAll(fixture, { names, events, berth, how });
  return {
    how,
    rawRates,
    rate,
    allRun: Math.max(...started) - begin,
    rawStop: mean(rawStops),
    rawEnd: mean(rawEnds),
    ends: [first, second],
  };
}

/** Disables all, and waits until they are gone. */
async function disableAll(
  fixture: BotFixture,
  { names, events, berth, how }: {
    readonly names: readonly string[];
    readonly events: EngineEvents;
    readonly berth: BerthProcess;
    readonly how: How;
  },
): Promise<Ends> {
  const { document, publish, documents, env } = fixture;
  events.clear();
  let since = now();
  if (how === "events") {
    await Promise.all(names.map((name) => publish("updated", document(name, { enabled: false }))));
  } else {
    // One moment: not every server changes many documents at once, and a read between would see some of them.
    berth.signal("SIGSTOP");
    await documents.updateMany({ berth_test: env.BERTH_INSTANCE }, { $set: { enabled: false } });
    berth.signal("SIGCONT");
  }
  const last = async (action: string) =>
    Math.max(...await Promise.all(names.map((name) => events.timeOf(action, nameOf(fixture, name)))));
  const [ended, gone] = [await last("die"), await last("destroy")];
  if (how === "write") since = events.all.find(({ action }) => action === "kill")!.time;
  return { ended: ended - since, gone: gone - since };
}

function nameOf({ env, id }: BotFixture, name: string): string {
  return `berth_${env.BERTH_INSTANCE}_bot_${id(name)}`;
}

/** Starts in a second, from the first to the last. */
function rateOf(events: readonly EngineEvent[]): number {
  const times = events.filter(({ action }) => action === "start").map(({ time }) => time);
  return (times.length - 1) / ((Math.max(...times) - Math.min(...times)) / 1000);
}

async function pooled(concurrency: number, work: () => Promise<void>): Promise<void> {
  let left = BATCH;
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (left-- > 0) await work();
  }));
}

/** The time as the engine's events have it: ms since the epoch, with fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
