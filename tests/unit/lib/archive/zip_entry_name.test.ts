import assert from "node:assert/strict";
import { escapeZipEntryName, readZipEntryName } from "../../../../lib/archive/zip_entry_name.ts";
import { utf8 } from "../../../support/builders/zip_builder.ts";

Deno.test("readZipEntryName() accepts whatever is safe below a folder", () => {
  const names = [
    "main.py",
    "a/b/c.py",
    "..a",
    "a..",
    "...",
    "a b",
    "-rf",
    "~",
    "$(x)",
    "ключ/🎉.py",
    "\ufeffx",
    "x".repeat(255),
  ];
  for (const name of names) {
    assert.deepEqual([readZipEntryName(utf8(name)).path, readZipEntryName(utf8(name)).isFolder], [
      name,
      false,
    ]);
  }
  assert.deepEqual(readZipEntryName(utf8("a/b/")), { path: "a/b", isFolder: true, label: "a/b/" });
});

Deno.test("readZipEntryName() says why a name is refused", () => {
  const cases: [name: string, reason: RegExp][] = [
    ["", /is empty/],
    ["../x", /contains '\.\.'/],
    ["a/../b", /contains '\.\.'/],
    ["/x", /is absolute/],
    ["C:/x", /drive letter/],
    ["a\\b", /backslash/],
    ["a\0b", /'a\\x00b' contains a control character/],
    ["./a", /contains '\.'/],
    ["a//b", /empty folder name/],
    ["x".repeat(256), /more than 255 bytes/],
    ["é".repeat(128) + "/a", /more than 255 bytes/],
    ["a/".repeat(2048) + "x", /is 4097 bytes long, more than 4096/],
  ];
  for (const [name, message] of cases) {
    assert.throws(() => readZipEntryName(utf8(name)), {
      problem: "bad-name",
      message,
      entry: escapeZipEntryName(name),
    });
  }
});

Deno.test("readZipEntryName() refuses a name that is not UTF-8", () => {
  const raw = new Uint8Array([0x63, 0x61, 0x66, 0x82]);
  assert.throws(() => readZipEntryName(raw), {
    problem: "bad-name",
    entry: "caf\\x82",
    message: /not UTF-8/,
  });
});

Deno.test("escapeZipEntryName() hides what could deceive a terminal or a reader", () => {
  assert.equal(escapeZipEntryName("a\x1b[2Jb\u202etxt.py\u2028"), "a\\x1b[2Jb\\u{202e}txt.py\\u{2028}");
  assert.equal(escapeZipEntryName("ä/🎉 ok"), "ä/🎉 ok");
  assert.equal(escapeZipEntryName("x".repeat(500)), `${"x".repeat(160)}…`);
});
