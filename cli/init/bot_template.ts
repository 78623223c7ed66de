/**
 * The files of a new bot. Pure.
 *
 * @module
 */

/** What kind of bot to make. */
export interface BotTemplateOptions {
  /** Id of the bot. */
  readonly name: string;
  /** Name of its runtime. */
  readonly runtime: TemplateRuntime;
  /** Whether it runs on a schedule. */
  readonly isScheduled: boolean;
}

/** A runtime that there is a template for. */
export type TemplateRuntime = (typeof TEMPLATE_RUNTIMES)[number];

/** The runtimes that there is a template for. */
export const TEMPLATE_RUNTIMES = ["python3.11", "nodejs20"] as const;

/**
 * Writes the files of a bot that runs as it is.
 *
 * @param options What kind of bot.
 * @returns Contents by file name.
 */
export function botTemplate(options: BotTemplateOptions): Readonly<Record<string, string>> {
  const code = options.runtime === "nodejs20" ? nodeFiles(options) : pythonFiles(options);
  return {
    "bot-config.yaml": description(options),
    "config.json": CONFIG,
    ...code,
    "README.md": readme(options),
  };
}

const CONFIG = `{
  "symbol": "BTC-USD",
  "limit": 100.0,
  "interval_seconds": 1
}
`;

function description({ name, runtime, isScheduled }: BotTemplateOptions): string {
  const schedule = isScheduled
    ? "schedule: \"*/5 * * * *\" # every five minutes; 'berth schedule preview' shows the times of an expression\n" +
      "# timezone: America/New_York # UTC unless set\n"
    : "";
  return `name: ${name}
description: Says when a price crosses a limit.
version: 1.0.0
runtime: ${runtime}
${schedule}entrypoints:
  bot: ${runtime === "nodejs20" ? "main.js" : "main.py"}
`;
}

const PYTHON_PRICE = `import random


def next_price(price, rng=random):
    """A made-up price. Ask an exchange here."""
    return round(price * (1 + rng.uniform(-0.01, 0.01)), 2)


def crossing(before, now, limit):
    """Whether the price has crossed the limit: "above", "below" or None."""
    if before <= limit < now:
        return "above"
    if before >= limit > now:
        return "below"
    return None
`;

const PYTHON_BOT = `import json
import time

from price import crossing, next_price


def main(id, config):
    """Runs until it is stopped: then time.sleep raises SystemExit, and "finally" runs."""
    price = config["limit"]
    try:
        while True:
            before, price = price, next_price(price)
            print(json.dumps({"_metric": "price", "symbol": config["symbol"], "value": price}))
            side = crossing(before, price, config["limit"])
            if side:
                print(f"{config['symbol']} is {side} {config['limit']} at {price}")
            time.sleep(config["interval_seconds"])
    finally:
        print(f"{id} stops at {price}")
`;

const PYTHON_SCHEDULED = `from price import crossing, next_price


def main(id, config):
    """Runs at each time of the schedule, and ends by itself. What it returns is the result of the run."""
    price = next_price(config["limit"])
    side = crossing(config["limit"], price, config["limit"])
    print(f"{config['symbol']} is at {price}")
    return {"symbol": config["symbol"], "price": price, "side": side}
`;

const PYTHON_TEST = `"""Runs without Berth: python3 -m unittest"""

import unittest

from price import crossing, next_price


class PriceTest(unittest.TestCase):
    def test_crossing(self):
        self.assertEqual(crossing(99.0, 101.0, 100.0), "above")
        self.assertEqual(crossing(101.0, 99.0, 100.0), "below")
        self.assertIsNone(crossing(101.0, 102.0, 100.0))

    def test_next_price(self):
        for _ in range(100):
            self.assertTrue(99.0 <= next_price(100.0) <= 101.0)


if __name__ == "__main__":
    unittest.main()
`;

function pythonFiles({ isScheduled }: BotTemplateOptions): Record<string, string> {
  return {
    "main.py": isScheduled ? PYTHON_SCHEDULED : PYTHON_BOT,
    "price.py": PYTHON_PRICE,
    "test_price.py": PYTHON_TEST,
  };
}

const NODE_PRICE = `"use strict";

/** A made-up price. Ask an exchange here. */
function nextPrice(price, random = Math.random) {
  return Math.round(price * (1 + (random() - 0.5) * 0.02) * 100) / 100;
}

/** Whether the price has crossed the limit: "above", "below" or null. */
function crossing(before, now, limit) {
  if (before <= limit && now > limit) return "above";
  if (before >= limit && now < limit) return "below";
  return null;
}

module.exports = { crossing, nextPrice };
`;

const NODE_BOT = `"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const { crossing, nextPrice } = require("./price.js");

/** Runs until it is stopped: then \`signal\` is aborted. */
module.exports = async function main(id, config, { signal }) {
  let price = config.limit;
  while (!signal.aborted) {
    const before = price;
    price = nextPrice(price);
    console.log(JSON.stringify({ _metric: "price", symbol: config.symbol, value: price }));
    const side = crossing(before, price, config.limit);
    if (side) console.log(\`\${config.symbol} is \${side} \${config.limit} at \${price}\`);
    await sleep(config.interval_seconds * 1000, undefined, { signal }).catch(() => {});
  }
  console.log(\`\${id} stops at \${price}\`);
};
`;

const NODE_SCHEDULED = `"use strict";

const { crossing, nextPrice } = require("./price.js");

/** Runs at each time of the schedule, and ends by itself. What it returns is the result of the run. */
module.exports = async function main(id, config) {
  const price = nextPrice(config.limit);
  console.log(\`\${config.symbol} is at \${price}\`);
  return { symbol: config.symbol, price, side: crossing(config.limit, price, config.limit) };
};
`;

const NODE_TEST = `"use strict";
// Runs without Berth: node --test

const test = require("node:test");
const assert = require("node:assert");
const { crossing, nextPrice } = require("./price.js");

test("crossing", () => {
  assert.equal(crossing(99, 101, 100), "above");
  assert.equal(crossing(101, 99, 100), "below");
  assert.equal(crossing(101, 102, 100), null);
});

test("nextPrice", () => {
  for (let i = 0; i < 100; i++) assert.ok(Math.abs(nextPrice(100) - 100) <= 1);
});
`;

function nodeFiles({ isScheduled }: BotTemplateOptions): Record<string, string> {
  return {
    "main.js": isScheduled ? NODE_SCHEDULED : NODE_BOT,
    "price.js": NODE_PRICE,
    "price.test.js": NODE_TEST,
  };
}

function readme({ name, runtime, isScheduled }: BotTemplateOptions): string {
  const [script, test] = runtime === "nodejs20"
    ? ["main.js", "node --test"]
    : ["main.py", "python3 -m unittest"];
  const kind = isScheduled
    ? "It runs at the times of its schedule, and ends by itself."
    : "It runs until it is stopped.";
  const look = isScheduled
    ? `berth schedules            # when it runs next\n${
      `berth run-now ${name}`.padEnd(26)
    } # do not wait\nberth runs ${name}`
    : `berth logs ${name} -f`;
  return `# ${name}

Says when a price crosses a limit. ${kind}

- \`bot-config.yaml\`: name, version and runtime
- \`config.json\`: what \`main(id, config)\` gets as \`config\`
- \`${script}\`: the program; \`price.${
    runtime === "nodejs20" ? "js" : "py"
  }\`: its logic, which the test checks

\`\`\`sh
${test.padEnd(26)} # needs no Berth
berth run .                # runs it here until Ctrl-C
berth start                # the service, in another terminal
berth deploy .             # gives it to the service; again after each change
${look}
\`\`\`
`;
}
