const { setTimeout: sleep } = require("node:timers/promises");

module.exports = async function main(id, config, { signal }) {
  while (!signal.aborted) {
    console.log(`${id} watches ${config.symbol} on Node ${process.versions.node}`);
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
};
