import assert from "node:assert/strict";
import {
  linesOf,
  PYTHON,
  type WrappedBotEnd,
  WrappedScripts,
} from "../../support/processes/wrapper_process.ts";

const name = "python_wrapper.py";
const { run } = new WrappedScripts(PYTHON);

/** Runs a main that returns an expression. */
function returned(expression: string, imports = ""): Promise<WrappedBotEnd> {
  return run(`${imports}\ndef main(id, config):\n    return ${expression}`);
}

Deno.test(`${name} writes NaN and the infinities as null and says so once`, async () => {
  const end = await returned(
    `{"sharpe": float("nan"), "list": [float("inf"), -float("inf"), 1.5], "text": "NaN"}`,
  );
  assert.deepEqual(end.result, { sharpe: null, list: [null, null, 1.5], text: "NaN" });
  assert.equal(linesOf(end.stderr).length, 1);
  assert.match(end.stderr, /NaN or Infinity/);
});

Deno.test(`${name} finds a JSON form for what bots return`, async () => {
  const end = await run(`
import collections, datetime, decimal, enum, pathlib, types, uuid
from dataclasses import dataclass, field
class Side(enum.Enum):
    BUY = "buy"
class Kind(str, enum.Enum):
    LIMIT = "limit"
@dataclass
class Trade:
    side: Side
    prices: list = field(default_factory=list)
class Scalar:
    def item(self): return 7
class Array:
    def tolist(self): return [1, 2.5]
class Model:
    def model_dump(self): return {"symbol": "BTC"}
def main(id, config):
    return {
        "when": datetime.datetime(2024, 1, 2, 3, 4, 5), "day": datetime.date(2024, 1, 2),
        "span": datetime.timedelta(minutes=1), "amount": decimal.Decimal("0.1"),
        "trade": Trade(Side.BUY, [1]), "path": pathlib.Path("a/b"), "set": {1}, "tuple": (1, 2),
        "deque": collections.deque([3]), "view": {"k": 4}.values(), "scalar": Scalar(), "array": Array(),
        "mapping": types.MappingProxyType({"a": decimal.Decimal("NaN")}), 5: "key", "text": "🚀",
        "kind": Kind.LIMIT, "id": uuid.UUID(int=1), "model": Model(), "big": 8389766036995847941,
    }
`);
  assert.deepEqual(end.result, {
    when: "2024-01-02T03:04:05",
    day: "2024-01-02",
    span: 60,
    amount: 0.1,
    trade: { side: "buy", prices: [1] },
    path: "a/b",
    set: [1],
    tuple: [1, 2],
    deque: [3],
    view: [4],
    scalar: 7,
    array: [1, 2.5],
    mapping: { a: null },
    5: "key",
    text: "🚀",
    kind: "limit",
    id: "00000000-0000-0000-0000-000000000001",
    model: { symbol: "BTC" },
    big: Number("8389766036995847941"),
  });
  assert.match(end.resultText!, /"big": 8389766036995847941[,}]/);
});

Deno.test(`${name} keeps every digit of a Decimal, and the order of keys`, async () => {
  const end = await returned(
    `{"60": D("0.123456789012345678901234567890"), "30": [D("1000000000000000000001"), D("-1E+400")],
      "0": 10**30, D("1.10"): "\\0 and \\"", "nan": D("NaN")}`,
    "from decimal import Decimal as D",
  );
  assert.equal(
    end.resultText,
    '{"60": 0.123456789012345678901234567890, "30": [1000000000000000000001, -1E+400], ' +
      '"0": 1000000000000000000000000000000, "1.10": "\\u0000 and \\"", "nan": null}',
  );
});

Deno.test(`${name} converts keys like values`, async () => {
  const end = await run(`
import datetime, decimal, enum
class Side(enum.Enum):
    BUY = "buy"
class Kind(str, enum.Enum):
    LIMIT = "limit"
def main(id, config):
    return {
        datetime.date(2026, 1, 1): 1, datetime.datetime(2026, 1, 1, 9): 2, decimal.Decimal("0.10"): 3, Side.BUY: 4,
        Kind.LIMIT: 5, ("BTC", datetime.date(2026, 1, 1), 7): 6, True: 7, None: 8, 1.5: 9, 20: 10,
        frozenset(["x"]): 11, ("BTC", decimal.Decimal("1.0")): 12,
    }
`);
  assert.deepEqual(end.result, {
    "2026-01-01": 1,
    "2026-01-01T09:00:00": 2,
    "0.10": 3,
    buy: 4,
    limit: 5,
    '["BTC","2026-01-01",7]': 6,
    true: 7,
    null: 8,
    1.5: 9,
    20: 10,
    '["x"]': 11,
    '["BTC","1.0"]': 12,
  });
});

Deno.test(`${name} says which part of a result JSON cannot hold, and why`, async () => {
  const cases: [string, RegExp][] = [
    [
      "{'a': [1, {'file': open('main.py')}]}",
      /as JSON: result\["a"\]\[1\]\["file"\]: TextIOWrapper <_io\.TextIOWrapper name='main\.py'.* has no JSON form/,
    ],
    ["{'a': {1: 'number', '1': 'text'}}", /result\["a"\]: its keys 1 and '1' are both written as "1"/],
    ["{b'k': 1}", /its key bytes b'k' has no JSON form/],
    ["b'raw'", /cannot be written as JSON: bytes b'raw' has no JSON form/],
    ["circular", /cannot be written as JSON: result\[0\]: it contains itself/],
    ["deep", /it is nested more than 1000 levels deep/],
    ["main", /function <function main .* has no JSON form/],
  ];
  for (const [value, message] of cases) {
    const end = await returned(
      value,
      "circular = []\ncircular.append(circular)\ndeep = []\nfor _ in range(3000): deep = [deep]",
    );
    assert.deepEqual([end.code, end.result.status], [1, "error"]);
    assert.match(end.result.message, message);
    assert.match(end.stderr, message);
  }
});

Deno.test(`${name} writes what is nested 900 levels deep`, async () => {
  const end = await returned("deep", "deep = []\nfor _ in range(900): deep = [deep]");
  assert.deepEqual([end.code, end.resultText], [0, "[".repeat(901) + "]".repeat(901)]);
});

Deno.test(`${name} keeps the result that a bot wrote before it failed, whatever ends it`, async () => {
  const write = `open("result.json", "w").write('{"status": "error", "message": "no data"}')`;
  for (const end of ["sys.exit(1)", "sys.exit(7)", "raise ValueError('boom')", "raise KeyboardInterrupt"]) {
    const ended = await run(`import sys\ndef main(id, config):\n    ${write}\n    ${end}`);
    assert.equal(ended.code, end === "sys.exit(7)" ? 7 : 1);
    assert.deepEqual(ended.result, { status: "error", message: "no data" }, end);
  }
});

Deno.test(`${name} replaces half a result that a failure left, and keeps it where the bot ended well`, async () => {
  for (const half of ['{"status": "suc', '{"sharpe": NaN}', "\\xff", ""]) {
    const write = `open("result.json", "w", encoding="latin-1").write('${half}')`;
    const failed = await run(`def main(id, config):\n    ${write}\n    raise ValueError("boom")`);
    assert.deepEqual([failed.code, failed.result.status, failed.result.message], [
      1,
      "error",
      "ValueError: boom",
    ]);
  }
  const well = run(`def main(id, config): open("result.json", "w").write("{")`);
  await assert.rejects(well, SyntaxError, "nobody else's result stands in its place");
});
