import assert from "node:assert/strict";
import { withoutPadding } from "../../../lib/engine/docker/log_pieces.ts";
import { NODE, PYTHON, runWrapped } from "../../support/processes/wrapper_process.ts";

/** Lines, and beginnings of lines, of characters of one to four bytes: each write as one element. */
const WRITES = `[
  "a" + "€" * 20000 + "\\n", "€" * 5461 + "x\\n", "é" * 8192 + "\\n", "€" * 5000, "😀" * 5000, "\\n", "x" * 16384 + "\\n",
  "x" * 16383 + "😀\\n", "short\\n", "xy" + "😀" * 40000 + "\\n", "€\\n" * 9000, "x" * 40000, "€" * 3 + "\\n", "end"]`;
const PYTHON_BOT = `
import sys
def main(id, config):
    for text in ${WRITES}:
        sys.stdout.write(text)
    sys.stdout.flush()
`;
const NODE_WRITES = WRITES.replace(/("[^"]*") \* (\d+)/g, "$1.repeat($2)");
const NODE_BOT = `
module.exports = () => {
  for (const text of ${NODE_WRITES}) process.stdout.write(text);
};
`;

/** Splits output as an engine does: pieces of 16 KiB, each a string of its own. */
function piecesOf(output: string): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return output.split(/(?<=\n)/).flatMap((line) => {
    const bytes = new TextEncoder().encode(line);
    const count = Math.ceil(bytes.length / 16_384);
    return Array.from(
      { length: count },
      (_, i) => decoder.decode(withoutPadding(bytes.subarray(i * 16_384, (i + 1) * 16_384))),
    );
  });
}

const expected = new Function(`return ${NODE_WRITES}`)() as string[];

for (
  const [language, file, bot] of [[PYTHON, "main.py", PYTHON_BOT], [NODE, "main.js", NODE_BOT]] as const
) {
  Deno.test(`${language.wrapper} writes no character where an engine cuts a long line`, async () => {
    const end = await runWrapped(language, { files: { [file]: bot } });
    assert.equal(end.code, 0, end.stderr);
    assert.ok(piecesOf(end.stdout).join("") === expected.join(""));
    assert.ok(end.stdout !== expected.join(""), "nothing had to be padded");
  });
}

Deno.test("withoutPadding() takes up to three bytes from the end of a full piece, and from nothing else", () => {
  const piece = (text: string, length = 16_384) => new TextEncoder().encode(text.padStart(length, "x"));
  for (
    const [content, left] of [
      [piece("\x1a"), 16_383],
      [piece("\x1a\x1a\x1a"), 16_381],
      [piece("\x1a".repeat(5)), 16_381],
      [piece("\x1a\n"), 16_384],
      [piece("\x1ax"), 16_384],
      [piece("\x1a", 16_383), 16_383],
      [piece("\x1a", 16_385), 16_385],
    ] as const
  ) assert.equal(withoutPadding(content).length, left);
});
