/**
 * Measures the bot service against the raw engine, in one run: Berth as users start it, on MongoDB, NATS and MinIO.
 * Each time is taken from the engine's own events. Run with `berth bench`, which brings the servers.
 *
 * @module
 */

import { type BotStage, untilRunning, withBots } from "../engine/bot_stage.ts";
import { until } from "../engine/engine_support.ts";
import { type EngineEvent, type EngineEvents, followEvents } from "./engine_events.ts";
import { type RawEngine, rawEngine } from "./raw_bots.ts";

const ROUNDS = 20;
const BATCH = 50;
const BATCH_ROUNDS = 3;
const CONCURRENCIES = [2, 4];

const missing = ["MONGO_URI", "MINIO_ENDPOINT"].filter((name) => !Deno.env.get(name));
if (missing.length > 0) {
  console.log(`bots: not measured, as ${missing.join(" and ")} is not set; use \`berth bench\``);
} else {
  await withBots(async (stage) => {
    await using events = await followEvents(stage);
    const raw = await rawEngine(stage, events);
    await measureLatency(stage, events, raw);
    await measureBatches(stage, events, raw);
  });
}

/** From the document to the running container, and from an event to SIGTERM. */
async function measureLatency(stage: BotStage, events: EngineEvents, raw: RawEngine): Promise<void> {
  const { document, write, publish, start, direct, id, containers } = stage;
  await using berth = start(direct);
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
    const startedAt = await events.timeOf("start", nameOf(stage, name));
    const rawAt = now();
    const rawName = await raw.start();
    const rawStartedAt = await events.timeOf("start", rawName);
    await raw.remove(rawName);
    await untilRunning(stage, { [name]: {} });
    const how = round % 2 === 0 ? "disabled" : "deleted";
    const toldAt = now();
    if (how === "disabled") await publish("updated", document(name, { enabled: false }));
    else await publish("deleted", { id: id(name) });
    const killedAt = await events.timeOf("kill", nameOf(stage, name));
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

/** All bots that were there before Berth, and all of them disabled at one moment. */
async function measureBatches(stage: BotStage, events: EngineEvents, raw: RawEngine): Promise<void> {
  const { document, write, publish, start, direct } = stage;
  const names = Array.from({ length: BATCH }, (_, index) => `batch-${index}`);
  const starts: number[] = [];
  const totals: number[] = [];
  const stops: number[] = [];
  const told: number[] = [];
  const ended: number[] = [];
  const rawStarts = new Map(CONCURRENCIES.map((concurrency): [number, number[]] => [concurrency, []]));
  const rawStops: number[] = [];
  for (let round = 0; round < BATCH_ROUNDS; round++) {
    for (const [concurrency, rates] of rawStarts) {
      events.all.length = 0;
      const made: string[] = [];
      await pooled(concurrency, async () => void made.push(await raw.start()));
      await Promise.all(made.map((name) => events.timeOf("start", name)));
      rates.push(rateOf(events.all));
      if (concurrency === 4) {
        const begin = now();
        await Promise.all(made.map((name) => raw.stop(name)));
        rawStops.push(now() - begin);
      }
      await Promise.all(made.map((name) => raw.remove(name)));
    }
    for (const name of names) await write(document(name, { round }));
    events.all.length = 0;
    const begin = now();
    await using berth = start(direct);
    const started = await Promise.all(names.map((name) => events.timeOf("start", nameOf(stage, name))));
    starts.push(rateOf(events.all));
    totals.push(Math.max(...started) - begin);
    await untilRunning(stage, Object.fromEntries(names.map((name) => [name, undefined])));
    await berth.logged(/Events come from the stream/);
    events.all.length = 0;
    const toldAt = now();
    await Promise.all(names.map((name) => publish("updated", document(name, { enabled: false }))));
    const gone = await Promise.all(names.map((name) => events.timeOf("destroy", nameOf(stage, name))));
    stops.push(Math.max(...gone) - toldAt);
    const last = (wanted: string) =>
      Math.max(...events.all.filter(({ action }) => action === wanted).map(({ time }) => time - toldAt));
    told.push(last("kill"));
    ended.push(last("die"));
  }
  const rates = [...rawStarts].map(([concurrency, rates]) => ({ concurrency, rate: median(rates) }));
  const best = Math.max(...rates.map(({ rate }) => rate));
  const shown = rates.map(({ concurrency, rate }) => `${concurrency}: ${rate.toFixed(1)}`).join(", ");
  console.log(
    `${BATCH} bots before the start: ${
      median(starts).toFixed(1)
    }/s, raw engine by concurrency ${shown}: ratio ` +
      `${
        (median(starts) / best).toFixed(2)
      } of its best (medians of ${BATCH_ROUNDS}; wanted: at least 0.9); ` +
      `all run ${median(totals).toFixed(0)} ms after the process was started`,
  );
  console.log(
    `${BATCH} bots disabled at once: gone after ${median(stops).toFixed(0)} ms, raw stop of as many ` +
      `${median(rawStops).toFixed(0)} ms: ratio ${(median(stops) / median(rawStops)).toFixed(2)} ` +
      `(medians of ${BATCH_ROUNDS}; wanted: at most 1.5); the last was told after ${
        median(told).toFixed(0)
      } ms and ` +
      `ended after ${median(ended).toFixed(0)} ms`,
  );
}

function nameOf({ env, id }: BotStage, name: string): string {
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

/** As the engine's events: ms since the epoch, finer than a ms. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
