"""Trades a moving-average crossover on a synthetic price feed, with paper money."""

import json
import math
import random
import time

from strategy import Account, Crossover


def price_feed(seed):
    """Endless made-up prices: slow waves and some noise, the same for the same seed."""
    rng = random.Random(seed)
    step = 0
    noise = 0.0
    while True:
        noise = 0.8 * noise + rng.gauss(0, 0.25)
        yield 100 + 4 * math.sin(step / 2.5) + 2 * math.sin(step / 9) + noise
        step += 1


def emit(metric, **values):
    """A metric is one line of JSON on the standard output."""
    print(json.dumps({"_metric": metric, **values}))


def on_stop(id, config):
    """Called once when the bot is asked to stop, before main is unwound."""
    print(f"{id}: asked to stop, no new trades")


def main(id, config):
    symbol = config.get("symbol", "DEMO/USD")
    crossover = Crossover(config.get("fast", 5), config.get("slow", 12))
    account = Account(config.get("capital", 10_000))
    interval = config.get("interval_seconds", 1.0)

    print(f"{id}: trading {symbol} with {account.cash:,.2f}")
    price = 0.0
    try:
        for price in price_feed(config.get("seed", 7)):
            signal = crossover.update(price)
            emit("price", symbol=symbol, value=round(price, 2))
            if not crossover.ready:
                print(f"{symbol} {price:7.2f}  warming up")
            elif signal:
                emit("signal", symbol=symbol, side=signal, price=round(price, 2))
                verb = "done" if account.trade(signal, price) else "nothing held"
                print(f"{symbol} {price:7.2f}  {signal.upper()}: {verb}, worth {account.value(price):,.2f}")
            else:
                trend = "up" if crossover.fast > crossover.slow else "down"
                print(f"{symbol} {price:7.2f}  fast {crossover.fast:7.2f}  slow {crossover.slow:7.2f}  trend {trend}")
            time.sleep(interval)
    finally:
        held = f"{account.units:.4f} units" if account.units else "nothing"
        print(f"{id}: final position: {held} and {account.cash:,.2f} cash, worth {account.value(price):,.2f}")
