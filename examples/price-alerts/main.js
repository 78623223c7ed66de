"use strict";
// Watches a synthetic price and logs an alert when it crosses a threshold or moves fast.

const { setTimeout: sleep } = require("node:timers/promises");

/** Endless made-up prices: a random walk, the same for the same seed. */
function* priceFeed(startPrice, seed) {
  let price = startPrice;
  let state = seed >>> 0;
  while (true) {
    yield price;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    price *= 1 + (state / 2 ** 32 - 0.5) * 0.014;
  }
}

/** The alerts that the step from one price to the next one sets off. */
function alertsFor(previous, price, { above, below, movePercent }) {
  const alerts = [];
  const change = (price / previous - 1) * 100;
  if (previous <= above && price > above) alerts.push(`rose above ${above}`);
  if (previous >= below && price < below) alerts.push(`fell below ${below}`);
  if (Math.abs(change) >= movePercent) {
    alerts.push(`moved ${change.toFixed(2)} % in one step`);
  }
  return alerts;
}

/** A metric is one line of JSON on the standard output. */
function emit(metric, values) {
  console.log(JSON.stringify({ _metric: metric, ...values }));
}

/** `signal` is aborted when the bot is asked to stop. */
async function main(id, config, { signal }) {
  const { symbol, startPrice, intervalSeconds, seed } = config;
  console.log(`${id}: watching ${symbol} for prices above ${config.above} or below ${config.below}`);
  let count = 0;
  let previous = startPrice;
  for (const price of priceFeed(startPrice, seed)) {
    if (signal.aborted) break;
    emit("price", { symbol, value: Number(price.toFixed(2)) });
    console.log(`${symbol} ${price.toFixed(2)}`);
    for (const alert of alertsFor(previous, price, config)) {
      count++;
      emit("alert", { symbol, alert, price: Number(price.toFixed(2)) });
      console.log(`ALERT ${symbol} ${alert}, now ${price.toFixed(2)}`);
    }
    previous = price;
    // The pause ends at once when the bot is asked to stop.
    await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => {});
  }
  console.log(`${id}: stopped after ${count} alerts`);
}

/** Called once when the bot is asked to stop. */
function onStop(id) {
  console.log(`${id}: asked to stop`);
}

module.exports = { main, onStop };
