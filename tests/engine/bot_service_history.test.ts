import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { LABEL } from "../../lib/engine/labels.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

const BOTS = 50;
const EVENTS = 10_000;

/** Follows the containers that the engine started for this instance, each once. */
async function followStarts({ docker, env }: BotFixture): Promise<Disposable & { readonly ids: string[] }> {
  const stream = await docker.getEvents({
    filters: { label: [`${LABEL.instance}=${env.BERTH_INSTANCE}`], event: ["start"] },
  }) as Readable;
  const ids: string[] = [];
  createInterface({ input: stream }).on(
    "line",
    (line) => ids.push(JSON.parse(line).Actor.Attributes[LABEL.id]),
  );
  return { ids, [Symbol.dispose]: () => void stream.destroy() };
}

Deno.test("BotService that meets a stream of 10,000 events for the first time starts only what should run, once", async () => {
  await using fixture = await BotFixture.open();
  const { publish, start, id, documents, document, nats, write } = fixture;
  using starts = await followStarts(fixture);
  // The document of the last event, unless it says otherwise.
  const kinds = {
    // Another runner has brought it up to date.
    there: (name: string) => write(document(name, { step: "there" })),
    disabled: (name: string) => write(document(name, { enabled: false, step: "there" })),
    // Nobody was there to write it.
    missed: () => Promise.resolve(),
    missedDisabled: () => Promise.resolve(),
    deleted: () => Promise.resolve(),
  };
  const kindOf = (n: number) =>
    n < 5 ? "there" : n < 9 ? "missed" : n < 22 ? "disabled" : n < 36 ? "missedDisabled" : "deleted";
  const nameOf = (n: number) => `${kindOf(n)}-${n}`;
  const connection = await nats.connect();
  for (let i = 0; i < EVENTS; i++) {
    const n = i % BOTS;
    const step = Math.floor(i / BOTS);
    const isLast = i >= EVENTS - BOTS;
    const name = nameOf(n);
    const kind = kindOf(n);
    const enabled = step % 7 !== 2 && !(isLast && kind === "missedDisabled");
    const type = step === 0 ? "created" : isLast && kind === "deleted" ? "deleted" : "updated";
    const payload = type === "deleted" ? { id: id(name) } : document(name, { step, enabled });
    connection.publish(`the0.bot.${type}`, JSON.stringify(payload));
  }
  await connection.flush();
  await connection.close();
  for (let n = 0; n < BOTS; n++) await kinds[kindOf(n)](nameOf(n));
  await using berth = start();
  const wanted = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => {
      const step = EVENTS / BOTS - 1;
      return [nameOf(n), kindOf(n) === "there" ? { step: "there" } : { step, enabled: true }];
    }),
  );
  await untilRunning(fixture, wanted);
  await berth.logged(/10000 events of 50 documents waited in the stream/);
  await berth.logged(/event not applied.*published before Berth first connected/);
  // The live version counts, also if it is older than the one that was there.
  const back = document(nameOf(0), { step: "back" });
  back.custom.updatedAt = "2001-01-01T00:00:00Z";
  await publish("updated", back);
  await publish("updated", document(nameOf(9), { step: "enabled" }));
  await publish("deleted", { id: id(nameOf(1)) });
  const { [nameOf(1)]: _, ...others } = wanted;
  await untilRunning(fixture, {
    ...others,
    [nameOf(0)]: { step: "back" },
    [nameOf(9)]: { step: "enabled" },
  });
  const names = [...Object.keys(wanted), nameOf(0), nameOf(9)];
  await until("the engine's events", () => starts.ids.length >= names.length);
  assert.deepEqual(starts.ids.toSorted(), names.map(id).sort());
  assert.equal(await documents.countDocuments({ id: id(nameOf(49)) }), 0);
});
