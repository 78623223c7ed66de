"""Runs the crossover over a year of daily prices and returns metrics and plots."""

import csv
import math
from statistics import mean, stdev

from strategy import Account, Crossover

TRADING_DAYS = 252


def read_prices(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["date"] for row in rows], [float(row["close"]) for row in rows]


def max_drawdown(equity):
    """The largest fall from a peak, as a share of that peak."""
    peak, worst = equity[0], 0.0
    for value in equity:
        peak = max(peak, value)
        worst = max(worst, (peak - value) / peak)
    return worst


def sharpe(equity):
    """The yearly Sharpe ratio of the daily returns, with a risk-free rate of zero."""
    returns = [today / yesterday - 1 for yesterday, today in zip(equity, equity[1:])]
    spread = stdev(returns)
    return mean(returns) / spread * math.sqrt(TRADING_DAYS) if spread else 0.0


def main(id, config):
    capital = config.get("capital", 10_000)
    crossover = Crossover(config.get("fast", 5), config.get("slow", 12))
    account = Account(capital)
    dates, prices = read_prices("data/prices.csv")
    print(f"{id}: {len(prices)} days, {dates[0]} to {dates[-1]}")

    equity, fast, slow = [], [], []
    for date, price in zip(dates, prices):
        signal = crossover.update(price)
        if signal and account.trade(signal, price):
            print(f"{date}  {signal:4}  at {price:7.2f}, worth {account.value(price):,.2f}")
        equity.append(round(account.value(price), 2))
        fast.append(round(crossover.fast, 4) if crossover.ready else None)
        slow.append(round(crossover.slow, 4) if crossover.ready else None)

    profits = account.profits
    return {
        "status": "success",
        "message": f"{len(profits)} trades closed in {len(prices)} days",
        "metrics": {
            "total_return": round(equity[-1] / capital - 1, 4),
            "max_drawdown": round(max_drawdown(equity), 4),
            "sharpe": round(sharpe(equity), 2),
            "trades": len(profits),
            "win_rate": round(sum(profit > 0 for profit in profits) / len(profits), 4) if profits else 0,
        },
        "plots": [
            {"name": "Equity", "type": "line", "x": dates, "y": equity},
            {"name": "Price", "type": "line", "x": dates, "y": prices},
            {"name": "Fast average", "type": "line", "x": dates, "y": fast},
            {"name": "Slow average", "type": "line", "x": dates, "y": slow},
        ],
    }
