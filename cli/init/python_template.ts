/**
 * The Python files of a new bot.
 *
 * @module
 */

/** The logic of the bot, which the other files import. */
const PRICE = `import random


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

const BOT = `import berth  # is there without installing it
from price import crossing, next_price


def main(id, config):
    """Runs until it is stopped: then the wait below ends early, and the loop with it."""
    symbol, limit = config["symbol"], config["limit"]
    price = limit
    while not berth.stop_requested:
        before, price = price, next_price(price)
        berth.metric("price", symbol=symbol, value=price)
        berth.heartbeat()
        side = crossing(before, price, limit)
        if side:
            berth.log("info", f"{symbol} is {side} {limit}", price=price)
        berth.stop_requested.wait(config["interval_seconds"])
    print(f"{id} stops at {price}")
`;

const BACKTEST = `import random

from price import crossing, next_price


def main(id, config):
    """Runs once and ends. The value that it returns is the result: numbers, and lines to draw."""
    rng, limit = random.Random(1), config["limit"]
    prices = [limit]
    for _ in range(250):
        prices.append(next_price(prices[-1], rng))
    crossings = sum(crossing(before, now, limit) is not None for before, now in zip(prices, prices[1:]))
    return {
        "metrics": {"crossings": crossings, "highest": max(prices), "lowest": min(prices)},
        "plots": [{"type": "line", "name": config["symbol"], "x": list(range(len(prices))), "y": prices}],
    }
`;

const SCHEDULED = `import berth  # is there without installing it
from price import crossing, next_price


def main(id, config):
    """Runs at each time of the schedule, and ends by itself. The value that it returns is the result of the run."""
    price = next_price(config["limit"])
    side = crossing(config["limit"], price, config["limit"])
    berth.metric("price", symbol=config["symbol"], value=price)
    print(f"{config['symbol']} is at {price}")
    return {"symbol": config["symbol"], "price": price, "side": side}
`;

const TEST = `"""Runs without Berth: python3 -m unittest"""

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

/**
 * Writes the code of a bot in Python.
 *
 * @param isScheduled Whether it runs on a schedule.
 * @returns Contents by file name.
 */
export function pythonTemplate(isScheduled: boolean): Readonly<Record<string, string>> {
  return {
    "main.py": isScheduled ? SCHEDULED : BOT,
    ...(!isScheduled && { "backtest.py": BACKTEST }),
    "price.py": PRICE,
    "test_price.py": TEST,
  };
}
