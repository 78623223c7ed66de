/**
 * Results of the libraries that bots use. The libraries come from PyPI once, and then from `.berth/`.
 */
import assert from "node:assert/strict";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import {
  PYTHON,
  repositoryFile,
  runWrapped,
  type WrappedBotEnd,
} from "../support/processes/wrapper_process.ts";

const LIBRARIES = ["pandas==2.2.3", "numpy==2.2.6"];

/** The folder of the libraries, installed where they are not there yet. @throws when they cannot be installed. */
async function installed(): Promise<string> {
  const folder = repositoryFile(`.berth/python/${LIBRARIES.join(",")}`);
  if (await stat(folder).catch(() => undefined)) return folder;
  const part = `${folder}.${crypto.randomUUID()}`;
  await mkdir(part, { recursive: true });
  const args = ["-m", "pip", "install", "--quiet", "--no-cache-dir", "--target", part, ...LIBRARIES];
  const { success, stderr } = await new Deno.Command("python3", { args, stdout: "null" }).output();
  if (!success) {
    await rm(part, { recursive: true, force: true });
    const why = new TextDecoder().decode(stderr).trim().split("\n").slice(-3).join("\n");
    throw new Error(
      `This test needs ${LIBRARIES.join(" and ")}, and pip cannot install them (no network?):\n${why}`,
    );
  }
  await rename(part, folder);
  return folder;
}

async function returned(expression: string): Promise<WrappedBotEnd> {
  const main = `
import datetime, decimal
import numpy as np, pandas as pd
days = pd.date_range("2026-01-01", periods=2)
def main(id, config):
    return ${expression}
`;
  const env = { PYTHONPATH: await installed() };
  const end = await runWrapped(PYTHON, { files: { "main.py": main }, env });
  assert.equal(end.code, 0, end.stderr);
  return end;
}

Deno.test("a DataFrame is written as records, with its index where that says something", async () => {
  const { result, stderr } = await returned(`{
    "plain": pd.DataFrame({"t": days, "equity": [100.0, 101.5]}),
    "dated": pd.DataFrame({"equity": [1, 2]}, index=days),
    "named": pd.DataFrame({"equity": [1, 2]}, index=pd.Index(["a", "b"], name="symbol")),
    "levels": pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("BTC", 1)], names=["symbol", None])),
    "taken": pd.DataFrame({"index": [1]}, index=["x"]),
    "filtered": pd.DataFrame({"v": [1, 2, 3]})[1:],
    "columns": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("BTC", "open"), ("BTC", "close")])),
    "missing": pd.DataFrame({"t": [days[0], pd.NaT], "v": [np.nan, 1], "i": pd.array([1, None], "Int64"), "o": [None, "x"]}),
    "empty": pd.DataFrame({"v": []}),
    "kinds": pd.DataFrame({"c": pd.Categorical(["a"]), "z": days[:1].tz_localize("America/New_York"), "p": pd.PeriodIndex(["2026-01"], freq="M")}),
}`);
  assert.deepEqual(result, {
    plain: [{ t: "2026-01-01T00:00:00", equity: 100 }, { t: "2026-01-02T00:00:00", equity: 101.5 }],
    dated: [{ index: "2026-01-01T00:00:00", equity: 1 }, { index: "2026-01-02T00:00:00", equity: 2 }],
    named: [{ symbol: "a", equity: 1 }, { symbol: "b", equity: 2 }],
    levels: [{ symbol: "BTC", level_1: 1, v: 1 }],
    taken: [{ level_0: "x", index: 1 }],
    filtered: [{ index: 1, v: 2 }, { index: 2, v: 3 }],
    columns: [{ '["BTC","open"]': 1, '["BTC","close"]': 2 }],
    missing: [{ t: "2026-01-01T00:00:00", v: null, i: 1, o: null }, { t: null, v: 1, i: null, o: "x" }],
    empty: [],
    kinds: [{ c: "a", z: "2026-01-01T00:00:00-05:00", p: "2026-01" }],
  });
  assert.match(stderr, /^Warning: .*NaN or Infinity.*null\n$/);
});

Deno.test("a Series is written as an object, and as records where its index has a value twice", async () => {
  const { result } = await returned(`{
    "stats": pd.Series({"return": 0.12, "trades": 17}),
    "dated": pd.Series([1, 2], index=days),
    "counted": pd.Series(["a"]),
    "twice": pd.Series([1.5, 2.5], index=[days[0], days[0]], name="pnl"),
    "times": pd.Series([days[0], pd.NaT]),
    "index": days, "category": pd.Categorical(["a", "b"]), "array": pd.array([1, None], "Int64"),
}`);
  assert.deepEqual(result, {
    stats: { return: 0.12, trades: 17 },
    dated: { "2026-01-01T00:00:00": 1, "2026-01-02T00:00:00": 2 },
    counted: { 0: "a" },
    twice: [{ index: "2026-01-01T00:00:00", pnl: 1.5 }, { index: "2026-01-01T00:00:00", pnl: 2.5 }],
    times: { 0: "2026-01-01T00:00:00", 1: null },
    index: ["2026-01-01T00:00:00", "2026-01-02T00:00:00"],
    category: ["a", "b"],
    array: [1, null],
  });
});

Deno.test("scalars and arrays of numpy and pandas keep their values", async () => {
  const { result, resultText } = await returned(`{
    "int": np.int64(8389766036995847941), "float": np.float64(1.5), "single": np.float32(0.5), "long": np.longdouble(2.5),
    "bool": np.bool_(True), "text": np.str_("x"), "nan": np.float64("nan"), "single_nan": np.float32("nan"),
    "matrix": np.array([[1, 2], [3, 4]]), "flags": np.array([True]), "zero": np.array(5),
    "times": np.array(["2026-01-01T00:00:00.123456789", "NaT"], "datetime64[ns]"), "day": np.datetime64("2026-01-01"),
    "span": np.timedelta64(1500, "ms"), "spans": np.array([1, 2], "timedelta64[s]"), "no_span": np.timedelta64("NaT"),
    "record": np.array([(1, 2.5)], dtype=[("id", "i8"), ("price", "f8")]), "objects": np.array([decimal.Decimal("0.10")]),
    "masked": np.ma.array([1, 2], mask=[False, True]),
    "stamp": pd.Timestamp("2026-01-01T00:00:00.123456789Z"), "delta": pd.Timedelta("1min"), "nat": pd.NaT, "na": pd.NA,
    "interval": pd.Interval(0, 1), "keys": {np.int64(5): 1, days[0]: 2, np.float64(1.5): 3, np.bool_(True): 4, pd.NaT: 5},
}`);
  assert.deepEqual(result, {
    int: Number("8389766036995847941"),
    float: 1.5,
    single: 0.5,
    long: 2.5,
    bool: true,
    text: "x",
    nan: null,
    single_nan: null,
    matrix: [[1, 2], [3, 4]],
    flags: [true],
    zero: 5,
    times: ["2026-01-01T00:00:00.123456789", null],
    day: "2026-01-01",
    span: 1.5,
    spans: [1, 2],
    no_span: null,
    record: [{ id: 1, price: 2.5 }],
    objects: [0.1],
    masked: [1, null],
    stamp: "2026-01-01T00:00:00.123456789+00:00",
    delta: 60,
    nat: null,
    na: null,
    interval: "(0, 1]",
    keys: { 5: 1, "2026-01-01T00:00:00": 2, 1.5: 3, true: 4, null: 5 },
  });
  assert.match(resultText!, /"int": 8389766036995847941,/);
  assert.match(resultText!, /"objects": \[0\.10\]/);
});

Deno.test("a DataFrame with two columns of one name is refused with its place", async () => {
  const main = `import pandas as pd
def main(id, config):
    return {"equity": pd.DataFrame([[1, 2]], columns=["a", "a"])}`;
  const env = { PYTHONPATH: await installed() };
  const end = await runWrapped(PYTHON, { files: { "main.py": main }, env });
  assert.equal(end.code, 1);
  assert.match(end.result.message, /result\["equity"\]: its keys 'a' and 'a' are both written as "a"/);
});
