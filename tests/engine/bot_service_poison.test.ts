import assert from "node:assert/strict";
import { Binary, type Document, MongoNetworkError } from "mongodb";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";

Deno.test("BotService runs good bots among documents that cannot be run, and says of each what is wrong", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, publish, start, id } = fixture;
  const code = document("x").custom;
  const poison: Record<string, { readonly change: Document; readonly condition: RegExp }> = {
    "no-custom": { change: { custom: undefined }, condition: /custom: must be an object/ },
    "text-config": { change: { config: "a text" }, condition: /config: must be an object \(is a string\)/ },
    "list-config": { change: { config: [1] }, condition: /config: must be an object/ },
    "no-entrypoints": {
      change: { custom: { ...code, config: {} } },
      condition: /custom\.config\.entrypoints: must be an object/,
    },
    "unknown-runtime": {
      change: { custom: { ...code, config: { ...code.config, runtime: "cobol" } } },
      condition: /custom\.config\.runtime: must be one of/,
    },
    "x/../y": { change: {}, condition: /id: must begin with/ },
    "a/slash": { change: {}, condition: /id: must begin with/ },
    "large": { change: { config: { text: "x".repeat(1024 ** 2) } }, condition: /config: .*KiB/ },
    "bytes": { change: { config: { key: new Binary(new Uint8Array(3)) } }, condition: /config\.key: .*/ },
    "nan": { change: { config: { limit: NaN } }, condition: /config\.limit: .*/ },
  };
  const odd = document("odd");
  odd.custom.createdAt = 1_700_000_000;
  odd.custom.updatedAt = "the day before yesterday";
  await write(odd);
  for (const [name, { change }] of Object.entries(poison)) {
    await write({ ...document(name), ...change }).catch((error) => {
      // FerretDB has no place for it, and breaks the connection off.
      if (name !== "nan" || !(error instanceof MongoNetworkError)) throw error;
      delete poison[name];
    });
  }
  const good = Array.from({ length: 10 }, (_, index) => `good-${index}`);
  for (const name of good) await write(document(name));

  await using berth = start();
  const wanted = Object.fromEntries([...good, "odd"].map((name) => [name, {}]));
  await untilRunning(fixture, wanted);
  for (const [name, { condition }] of Object.entries(poison)) {
    const line = await berth.logged(new RegExp(`bot needs attention id=${id(name)} `));
    assert.match(line, condition);
  }
  const notes = await berth.logged(/document has warnings/);
  assert.match(
    notes,
    /custom\.createdAt: is a number and is read as 2023-11-14.*custom\.updatedAt: is no date/,
  );

  // As events they are no better, and hold up none behind them.
  await publish("created", { ...document("told"), config: "a text" });
  await publish("created", { id: 7 });
  await publish("created", { ...document("event"), id: "x/../y" });
  await publish("updated", { ...document("event"), id: "x/../z" });
  await publish("deleted", { id: "x/../y" });
  await publish("created", document("last"));
  await untilRunning(fixture, { ...wanted, last: {} });
  await berth.logged(new RegExp(`bot needs attention id=${id("told")} .*config: must be an object`));
  await berth.logged(/event not understood .*its id is not a string/);
  for (const id of ["y", "z"]) {
    await berth.logged(new RegExp(`event not understood .*its id \\W*x/\\.\\./${id}\\W+ must begin with`));
  }
  for (const [name] of Object.entries(poison)) {
    const told = berth.lines.filter((line) => line.includes(`attention id=${id(name)} `));
    assert.equal(told.length, 1, name);
  }
  // A corrected document runs.
  await publish("updated", document("text-config", { corrected: true }));
  await untilRunning(fixture, { ...wanted, last: {}, "text-config": { corrected: true } });
});
