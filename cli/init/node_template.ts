/**
 * The JavaScript files of a new bot.
 *
 * @module
 */

/** The logic of the bot, which the other files import. */
const PRICE = `"use strict";

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

const BOT = `"use strict";

const berth = require("berth"); // is there without installing it
const { crossing, nextPrice } = require("./price.js");

/** Runs until it is stopped: then the sleep below ends early, and the loop with it. */
module.exports = async function main(id, config) {
  const { symbol, limit } = config;
  let price = limit;
  while (!berth.stopRequested) {
    const before = price;
    price = nextPrice(price);
    berth.metric("price", { symbol, value: price });
    berth.heartbeat();
    const side = crossing(before, price, limit);
    if (side) berth.log("info", \`\${symbol} is \${side} \${limit}\`, { price });
    await berth.sleep(config.interval_seconds * 1000);
  }
  console.log(\`\${id} stops at \${price}\`);
};
`;

const BACKTEST = `"use strict";

const { crossing, nextPrice } = require("./price.js");

/** Runs once and ends. The value that it returns is the result: numbers, and lines to draw. */
module.exports = function main(id, config) {
  const { symbol, limit } = config;
  const prices = [limit];
  let crossings = 0;
  for (let i = 0; i < 250; i++) {
    const price = nextPrice(prices[i]);
    if (crossing(prices[i], price, limit)) crossings++;
    prices.push(price);
  }
  return {
    metrics: { crossings, highest: Math.max(...prices), lowest: Math.min(...prices) },
    plots: [{ type: "line", name: symbol, x: prices.map((_, i) => i), y: prices }],
  };
};
`;

const SCHEDULED = `"use strict";

const berth = require("berth"); // is there without installing it
const { crossing, nextPrice } = require("./price.js");

/** Runs at each time of the schedule, and ends by itself. The value that it returns is the result of the run. */
module.exports = async function main(id, config) {
  const price = nextPrice(config.limit);
  berth.metric("price", { symbol: config.symbol, value: price });
  console.log(\`\${config.symbol} is at \${price}\`);
  return { symbol: config.symbol, price, side: crossing(config.limit, price, config.limit) };
};
`;

const TEST = `"use strict";
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

/**
 * Writes the code of a bot in JavaScript.
 *
 * @param isScheduled Whether it runs on a schedule.
 * @returns Contents by file name.
 */
export function nodeTemplate(isScheduled: boolean): Readonly<Record<string, string>> {
  return {
    "main.js": isScheduled ? SCHEDULED : BOT,
    ...(!isScheduled && { "backtest.js": BACKTEST }),
    "price.js": PRICE,
    "price.test.js": TEST,
  };
}
