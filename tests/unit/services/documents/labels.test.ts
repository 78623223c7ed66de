import assert from "node:assert/strict";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { readLabels } from "../../../../services/documents/labels.ts";

Deno.test("readLabels() takes strings by name, and ignores what is none with a note", () => {
  assert.deepEqual(readLabels({}), { notes: [] });
  assert.deepEqual(readLabels({ labels: null }), { notes: [] });
  assert.deepEqual(readLabels({ labels: { desk: "fx", "team/x-1": "" } }), {
    labels: { desk: "fx", "team/x-1": "" },
    notes: [],
  });
  const { labels, notes } = readLabels({ labels: { ok: "1", number: 1, "a b": "x", long: "x".repeat(201) } });
  assert.deepEqual(labels, { ok: "1" });
  assert.equal(notes.length, 3);
  assert.match(
    notes[0]!,
    /^config\.berth\.labels\."number": must be a string \(is a number\) and is ignored$/,
  );
  assert.match(readLabels({ labels: ["x"] }).notes[0]!, /must be an object \(is an array\) and is ignored/);
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`l${at}`, "x"]));
  assert.equal(Object.keys(readLabels({ labels: many }).labels!).length, 32);
  assert.deepEqual(readLabels({ labels: JSON.parse('{"__proto__":"x"}') }).labels, undefined);
});

Deno.test("labels do not shape what runs, and a bot's own labels are its own", () => {
  const custom = { version: "1", filePath: "x", config: { entrypoints: { bot: "main.py" } } };
  const parse = (config: Record<string, unknown>) => {
    const parsed = parseBotDocument({ id: "bot", config, custom });
    assert.ok(parsed.status === "valid");
    return parsed;
  };
  const plain = parse({});
  const labelled = parse({ berth: { labels: { desk: "fx", wrong: 1 } } });
  assert.deepEqual(labelled.settings.labels, { desk: "fx" });
  assert.deepEqual(labelled.executable, plain.executable);
  assert.equal(labelled.notes.length, 1);
  const own = parse({ labels: { a: 1 } });
  assert.deepEqual([own.settings.labels, own.notes], [undefined, []]);
});
