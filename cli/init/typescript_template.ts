/**
 * The TypeScript files of a new bot.
 *
 * @module
 */

import sdkTypes from "../../lib/executable/sdk/node/berth.d.ts" with { type: "text" };

/** The logic of the bot, which the other files import. */
const PRICE = `/** The content of config.json. */
export interface Config {
  symbol: string;
  limit: number;
  interval_seconds: number;
}

/** A made-up price. Ask an exchange here. */
export function nextPrice(price: number, random: () => number = Math.random): number {
  return Math.round(price * (1 + (random() - 0.5) * 0.02) * 100) / 100;
}

/** Whether the price has crossed the limit. */
export function crossing(before: number, now: number, limit: number): "above" | "below" | null {
  if (before <= limit && now > limit) return "above";
  if (before >= limit && now < limit) return "below";
  return null;
}
`;

const BOT = `import berth from "berth"; // is there without installing it
import { type Config, crossing, nextPrice } from "./price.ts";

/** Runs until it is stopped: then the sleep below ends early, and the loop with it. */
export default async function main(id: string, config: Config): Promise<void> {
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
}
`;

const BACKTEST = `import { type Config, crossing, nextPrice } from "./price.ts";

/** Runs once and ends. The value that it returns is the result: numbers, and lines to draw. */
export default function main(_id: string, { symbol, limit }: Config) {
  const prices = [limit];
  let [before, crossings] = [limit, 0];
  for (let i = 0; i < 250; i++) {
    const price = nextPrice(before);
    if (crossing(before, price, limit)) crossings++;
    prices.push(price);
    before = price;
  }
  return {
    metrics: { crossings, highest: Math.max(...prices), lowest: Math.min(...prices) },
    plots: [{ type: "line", name: symbol, x: prices.map((_, i) => i), y: prices }],
  };
}
`;

const SCHEDULED = `import berth from "berth"; // is there without installing it
import { type Config, crossing, nextPrice } from "./price.ts";

/** Runs at each time of the schedule, and ends by itself. The value that it returns is the result of the run. */
export default function main(_id: string, { symbol, limit }: Config) {
  const price = nextPrice(limit);
  berth.metric("price", { symbol, value: price });
  console.log(\`\${symbol} is at \${price}\`);
  return { symbol, price, side: crossing(limit, price, limit) };
}
`;

const TEST = `// Runs without Berth, on Node.js 22.18 or later: node --test price.test.ts

import test from "node:test";
import assert from "node:assert";
import { crossing, nextPrice } from "./price.ts";

test("crossing", () => {
  assert.equal(crossing(99, 101, 100), "above");
  assert.equal(crossing(101, 99, 100), "below");
  assert.equal(crossing(101, 102, 100), null);
});

test("nextPrice", () => {
  for (let i = 0; i < 100; i++) assert.ok(Math.abs(nextPrice(100) - 100) <= 1);
});
`;

/** For the editor; the types of Node.js itself come with \`npm install --save-dev @types/node\`. */
const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2022",
    "module": "preserve",
    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true
  },
  "include": ["*.ts"],
  "exclude": ["*.test.ts"]
}
`;

/**
 * Writes the code of a bot in TypeScript.
 *
 * @param isScheduled Whether it runs on a schedule.
 * @returns Contents by file name.
 */
export function typescriptTemplate(isScheduled: boolean): Readonly<Record<string, string>> {
  return {
    "main.ts": isScheduled ? SCHEDULED : BOT,
    ...(!isScheduled && { "backtest.ts": BACKTEST }),
    "price.ts": PRICE,
    "price.test.ts": TEST,
    "tsconfig.json": TSCONFIG,
    "berth.d.ts": ambient(sdkTypes),
  };
}

/** The types of the SDK for a folder without the package: an editor finds no package outside of a container. */
function ambient(types: string): string {
  const inner = types.trim().split("\n").map((line) => line && `  ${line}`).join("\n");
  return `declare module "berth" {\n${inner.replace("declare namespace", "namespace")}\n}\n`;
}
