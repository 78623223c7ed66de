"""Reports one day of the bundled prices. Each run takes the next day, so that no two reports are the same."""

import csv
import time


def read_prices(path):
    with open(path, newline="") as file:
        return [(row["date"], float(row["close"])) for row in csv.DictReader(file)]


def report(prices, at, days):
    """The close of one day, its change from the day before, and the range of the days up to it."""
    date, close = prices[at]
    window = [price for _, price in prices[max(0, at - days + 1):at + 1]]
    return {
        "date": date,
        "close": close,
        "change_percent": round((close / prices[at - 1][1] - 1) * 100, 2),
        "high": max(window),
        "low": min(window),
        "average": round(sum(window) / len(window), 2),
    }


def main(id, config):
    prices = read_prices("data/prices.csv")
    # Every minute stands for a day.
    at = 1 + int(time.time() // 60) % (len(prices) - 1)
    result = report(prices, at, config.get("days", 20))
    print(
        f"{config.get('symbol', 'DEMO/USD')} on {result['date']}: {result['close']:.2f}"
        f" ({result['change_percent']:+.2f} %), between {result['low']:.2f} and {result['high']:.2f}"
    )
    return result
