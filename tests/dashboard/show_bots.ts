/**
 * Bots to look at: some run, one ends again and again, one uses too much memory, one is disabled, one waits for its
 * exchange, a guard stops one; schedules, a guard over several bots, and channels.
 *
 * @module
 */

import { writeBot } from "../support/fixtures/cli_support.ts";
import type { ServiceFixture } from "../support/fixtures/service_fixture.ts";

/** A walk around a value, with lines as bots print them. */
const TRADER = `import json, random, time
def main(id, config):
    random.seed(id)
    equity, price = config["equity"], config["price"]
    symbol = config["symbol"]
    print(f"\\x1b[1m{id}\\x1b[0m 2.0.4: 20 levels around {price:,}", flush=True)
    print("INFO loading markets from binance", flush=True)
    count = 0
    while True:
        count += 1
        price *= 1 + random.gauss(0, 0.0004)
        equity += random.gauss(0.3, 4) - config.get("losing", 0)
        print(json.dumps({"_metric": "equity", "value": round(equity, 2)}), flush=True)
        if count % 4 == 0: print(json.dumps({"_metric": "spread", "value": round(abs(random.gauss(0.4, 0.15)), 4)}), flush=True)
        if count % 3 == 0:
            side = random.choice(["buy", "sell"])
            print(json.dumps({"level": "info", "msg": f"filled {side} 0.002 {symbol}", "price": round(price, 2), "order": {"id": 5000 + count}}), flush=True)
        if count % 11 == 0: print("WARNING order book is 412 ms old", flush=True)
        sum(value * value for value in range(config["work"]))
        time.sleep(0.5)
`;
const NO_KEY = `import time
def main(id, config):
    print("INFO loading markets from binance", flush=True)
    time.sleep(0.4)
    raise PermissionError('binance {"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}')
`;
const GREEDY = `def main(id, config):
    print("depth cache 388,102 levels", flush=True)
    cache = []
    while True: cache.append(bytearray(8 * 1024 * 1024))
`;
const REPORT = `def main(id, config):
    print("12 accounts, nothing to report", flush=True)
    return {"status": "success"}
`;

/** The guards and health checks of some of them. */
const SETTINGS: Readonly<Record<string, Record<string, unknown>>> = {
  "momo-btc": {
    guards: [
      { name: "equity", metric: "equity", field: "value", when: "below", limit: 9500, action: "stop" },
      { name: "drawdown", metric: "equity", field: "value", when: "drawdown_pct", limit: 5, action: "stop" },
    ],
    health: { max_silence_seconds: 30, signal: "metric", action: "restart" },
  },
  "pairs-ada-dot": {
    guards: [
      { name: "drawdown", metric: "equity", field: "value", when: "drawdown_pct", limit: 2, action: "stop" },
    ],
  },
  "twap-link": { session: { calendar: "XNYS", start: "-10m", end: "+5m" } },
};
const FLEET = `guards:
  - { name: majors, bots: team=majors, metric: equity, field: value, when: drawdown_pct, limit: 8, action: stop }
`;

/** Ids, configurations and labels of the bots that trade. */
const TRADERS: readonly (readonly [id: string, symbol: string, price: number, team: string])[] = [
  ["momo-btc", "BTC/USDT", 97_104.2, "majors"],
  ["grid-btc", "BTC/USDT", 97_080, "majors"],
  ["funding-watch", "ETH/USDT", 3_402.5, "majors"],
  ["pairs-ada-dot", "ADA/DOT", 0.1242, "alts"],
  ["arb-sol", "SOL/USDT", 242.18, "alts"],
  ["twap-link", "LINK/USDT", 18.04, "alts"],
];

/**
 * Deploys the bots.
 *
 * @param service Where. It has an engine.
 * @param receiver Address of a server that takes notifications.
 */
export async function showBots(service: ServiceFixture, receiver: string): Promise<void> {
  const { dataDir } = service.config.runner;
  await Deno.writeTextFile(`${dataDir}/guards.yaml`, FLEET);
  await Deno.writeTextFile(
    `${dataDir}/channels.yaml`,
    `channels:
  - { name: phone, type: ntfy, url: "${receiver}", topic: berth }
  - { name: ops, type: slack, url: "${receiver}", events: ["bot.*"], bots: ["team=majors"] }
alerts:
  - { name: stale, pattern: "order book is .* old", bots: ["*-btc"], cooldown_seconds: 3600 }
`,
  );
  const deploy = async (
    id: string,
    main: string,
    config: Record<string, unknown>,
    settings: Record<string, unknown>,
    version = "1.0.0",
  ) => {
    const folder = await writeBot(`${service.temp}/${id}`, {
      "main.py": main,
      "config.json": JSON.stringify(config),
      "bot-config.yaml": JSON.stringify({
        name: id,
        runtime: "python3.11",
        version,
        entrypoints: { bot: "main.py" },
        ...settings,
      }),
    });
    const { code, output } = await service.berth("deploy", folder, "--id", id, "--no-wait");
    if (code !== 0) throw new Error(output);
  };
  for (const [at, [id, symbol, price, team]] of TRADERS.entries()) {
    const losing = id === "pairs-ada-dot" ? 9 : 0;
    const config = {
      symbol,
      price,
      equity: 10_412.8 - 137 * at,
      work: 20_000 * (at + 1),
      levels: 16,
      losing,
    };
    await deploy(id, TRADER, config, { labels: { team }, ...SETTINGS[id] }, "2.0.3");
  }
  const [id, symbol, price, team] = TRADERS[0]!;
  const config = { symbol, price, equity: 10_412.8, work: 90_000, levels: 20 };
  await deploy(id, TRADER, config, { labels: { team }, ...SETTINGS[id] }, "2.0.4");
  await deploy("grid-eth", NO_KEY, { symbol: "ETH/USDT" }, { labels: { team: "majors" } }, "2.0.4");
  await deploy(
    "mm-sol",
    GREEDY,
    { symbol: "SOL/USDT" },
    { labels: { team: "alts" }, memory_mb: 64 },
    "1.5.0",
  );
  await deploy("paper-rl", TRADER, { symbol: "BTC/USDT", price: 1, equity: 1, work: 1 }, {
    labels: { team: "lab" },
  }, "0.3.0");
  await service.berth("disable", "paper-rl");
  const schedule = { schedule: "0 9 * * mon-fri", timezone: "America/New_York" };
  await deploy("daily-report", REPORT, {}, schedule);
  await service.berth("run-now", "daily-report");
  await deploy("close-report", REPORT, {}, { schedule: "@close XNYS+5m" });
  await deploy("rebalance", REPORT, {}, { schedule: "@open XLON+30m" });
  await deploy("heartbeat-report", REPORT, {}, { schedule: "*/15 * * * *" });
}
