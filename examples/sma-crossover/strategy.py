"""The moving-average crossover, shared by the bot and the backtest."""

from collections import deque


class Crossover:
    """Says when to be in the market: while the fast average is above the slow one."""

    def __init__(self, fast, slow):
        if not 0 < fast < slow:
            raise ValueError(f"fast must be above 0 and below slow: got fast={fast}, slow={slow}")
        self.fast_prices = deque(maxlen=fast)
        self.slow_prices = deque(maxlen=slow)
        self.was_above = None

    @property
    def fast(self):
        return sum(self.fast_prices) / len(self.fast_prices)

    @property
    def slow(self):
        return sum(self.slow_prices) / len(self.slow_prices)

    @property
    def ready(self):
        return len(self.slow_prices) == self.slow_prices.maxlen

    def update(self, price):
        """Takes the next price; returns "buy", "sell" or None."""
        self.fast_prices.append(price)
        self.slow_prices.append(price)
        if not self.ready:
            return None
        is_above, was_above = self.fast > self.slow, self.was_above
        self.was_above = is_above
        if was_above is None or is_above == was_above:
            return None
        return "buy" if is_above else "sell"


class Account:
    """Paper money: everything in, or everything out."""

    def __init__(self, capital):
        self.cash = capital
        self.units = 0.0
        self.cost = 0.0  # what the open position was bought for
        self.profits = []  # of each closed trade

    def trade(self, signal, price):
        """Follows a signal; returns whether anything was traded."""
        if signal == "buy" and not self.units:
            self.cost = self.cash
            self.units, self.cash = self.cash / price, 0.0
            return True
        if signal == "sell" and self.units:
            self.cash, self.units = self.units * price, 0.0
            self.profits.append(self.cash - self.cost)
            return True
        return False

    def value(self, price):
        return self.cash + self.units * price
