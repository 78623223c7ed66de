import assert from "node:assert/strict";
import { ByteBuilder } from "../../../../lib/logs/byte_builder.ts";
import { writeJsonLine } from "../../../../lib/logs/json_line.ts";
import { parseStoredLine } from "../../../../lib/logs/line_format.ts";
import { InvalidPatternError, LineMatcher, type LinePattern } from "../../../../lib/logs/line_matcher.ts";
import { LineScanner } from "../../../../lib/logs/line_scanner.ts";
import { requiredLiteral } from "../../../../lib/logs/required_literal.ts";
import { writeTextLine } from "../../../../lib/logs/text_line.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const TIME = "2026-01-31T12:34:56.789012345Z";
const encoder = new TextEncoder();
/** Typical output of bots: quotes, escapes, colours, objects, characters of several bytes and invalid ones. */
const PRINTED = [
  'said "no" to C:\\temp\\new',
  "café £5 日本 🚀",
  "\x1b[31mERROR: red\x1b[0m",
  "tab\there",
  '{"msg":"caf\\u00e9 \\"quoted\\"","n":1}',
  '{"timestamp":"of its own","x":"a/b"}',
  "{}",
  "{broken",
  "ERROR: no price",
  "price 97123.5 of BTC-USD",
  "message stream timestamp",
  "",
  "stderr: not a mark",
];
/** Lines as other programs may have written them. */
const FOREIGN = [
  '{"timestamp":"2026-01-31T12:00:00Z","message":"caf\\u00e9 a\\/b \\u0041BC"}',
  '{"level":"info","message":"said \\u0022no\\u0022","timestamp":"2026-01-31T12:00:00Z"}',
  '{"timestamp":"2026-01-31T12:00:00Z","stream":"stdout","message":"a","note":"BTC"}',
  "not a line",
  '{"timestamp":"never","message":"BTC"}',
];
const PATTERNS: readonly LinePattern[] = [
  ...[
    '"no"',
    "C:\\temp",
    "é",
    "日本",
    "🚀",
    "\x1b[31m",
    "\t",
    "{",
    '{"msg"',
    "{}",
    "\\u00e9",
    "a/b",
    "ABC",
    "BTC",
  ]
    .map((text) => ({ text })),
  ...["stream", "stdout", "message", "\ufffd", '\\"quoted', "e", " ", "}"].map((text) => ({ text })),
  ...[
    "^said",
    'no"? to',
    "caf.",
    "\\d+\\.\\d",
    "(?i)error",
    "^$",
    "^a$",
    "a|b",
    "^\\{",
    "stream\\b",
    "[日-本]",
  ]
    .map((regex) => ({ regex })),
  { text: "price", regex: "BTC-[A-Z]{3}$" },
];

function writeLog(random: () => number, count: number): Uint8Array {
  const output = new ByteBuilder();
  for (let i = 0; i < count; i++) {
    const n = Math.floor(random() * (PRINTED.length + FOREIGN.length + 1));
    const kind = random();
    if (n >= PRINTED.length && n < PRINTED.length + FOREIGN.length) {
      output.add(encoder.encode(`${FOREIGN[n - PRINTED.length]}\n`));
      continue;
    }
    const bytes = n < PRINTED.length
      ? encoder.encode(PRINTED[n])
      : Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82, 0x20, 0x42, 0x54, 0x43);
    const source = random() < 0.8 ? "stdout" : "stderr";
    if (kind < 0.5) writeJsonLine(output, source, TIME, [bytes]);
    else if (kind < 0.75) writeJsonLine(output, source, TIME, [bytes], "1769868000-1");
    else writeTextLine(output, source, TIME, [bytes]);
  }
  return output.bytes.slice();
}

Deno.test("the scanner finds the lines that parsing all of them finds, in pieces of any size", () => {
  const { next: random } = seededRandom(3);
  const log = writeLog(random, 600);
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(log).split("\n").slice(0, -1)
    .map(parseStoredLine);
  for (const pattern of PATTERNS) {
    const matcher = new LineMatcher(pattern);
    const expected = lines.filter((line) => line && matcher.matches(line.text));
    if (JSON.stringify(pattern) !== '{"text":"stdout"}') {
      assert.ok(expected.length > 0, `nothing to find for ${JSON.stringify(pattern)}`);
    }
    for (const size of [17, 4096, log.length]) {
      const scanner = new LineScanner(pattern);
      const found = [];
      for (let at = 0; at < log.length; at += size) {
        found.push(...scanner.scan(log.subarray(at, at + size), at + size >= log.length).found);
      }
      assert.deepEqual(found.map(({ end: _, ...line }) => line), expected, JSON.stringify(pattern));
      for (const { end } of found) assert.equal(log[end - 1], 0x0a, "a line ends there");
    }
  }
});

Deno.test("a line that is longer than any bot's is left out, and those after it are found", () => {
  const scanner = new LineScanner({ text: "needle" });
  const huge = encoder.encode("needle ".repeat(1024 * 1024));
  const line = encoder.encode(`[2026-01-31 12:00:00] needle\n`);
  const found = [];
  for (let i = 0; i < 3; i++) found.push(...scanner.scan(huge, false).found);
  found.push(...scanner.scan(Uint8Array.of(0x0a), false).found);
  const { found: last, searched } = scanner.scan(line, true);
  assert.deepEqual([...found, ...last].map(({ text, end }) => [text, end]), [["needle", searched]]);
  assert.equal(searched, 3 * huge.length + 1 + line.length);
});

Deno.test("a string that an expression requires is found, and none where there is none", () => {
  for (
    const [regex, literal] of [
      ["error", "error"],
      ["error: \\d+ of (a|b) accounts", " accounts"],
      ["^ab+c?d{2}efg$", "efg"],
      ["a\\.b\\[c", "a.b[c"],
      ["colou?r", "colo"],
      ["x[|]yz", "yz"],
      ["(a|b)c", "c"],
      ["日本+", "日本"],
      ["a|b", undefined],
      ["(?i)error", undefined],
      ["(?i:error)", undefined],
      ["\\x41bc", undefined],
      ["\\pLabc", undefined],
      ["\\Qa.b\\E", undefined],
      [".*", undefined],
      ["", undefined],
      ["(a", undefined],
    ] as const
  ) assert.equal(requiredLiteral(regex), literal, regex);
});

Deno.test("an expression that makes others hang takes no time, and one that is too large is refused", () => {
  const line = `${"a".repeat(100_000)}!`;
  for (
    const regex of ["^(a+)+$", "(a|aa)+$", "(a|a?)+$", "([a-zA-Z]+)*$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]$"]
  ) {
    const begin = performance.now();
    new LineMatcher({ regex }).matches(line);
    const ms = performance.now() - begin;
    assert.ok(ms < 2000, `${regex} took ${ms} ms`);
  }
  const refused = [
    "a(?=b)",
    "(a)\\1",
    "(",
    "a{1001}",
    "((a{30}){30}){30}",
    "(a{900})(b{900})",
    "x".repeat(1001),
  ];
  for (const regex of refused) {
    assert.throws(() => new LineMatcher({ regex }), InvalidPatternError, regex);
  }
});
