/** The pages of backtests, in a browser, against the real service that runs them. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";

const BACKTEST = `import time
def main(id, config):
    print('<b>testing</b>', flush=True)
    while config.get('endless'): time.sleep(0.05)
    days = ['2026-01-0' + str(day) for day in range(1, 8)]
    equity = [100 + day * config.get('fast', 1) for day in range(7)]
    return {
        'metrics': {'total_return': equity[-1] / 100 - 1, 'trades': 12345678901234567890, '<i>x</i>': 'text'},
        'plots': [
            {'data': [{'type': 'scatter', 'mode': 'lines', 'name': '<b>Equity</b>', 'x': days, 'y': equity},
                      {'type': 'scatter', 'mode': 'markers', 'name': 'Buys', 'x': days[:2], 'y': equity[:2]},
                      {'type': 'candlestick', 'x': days, 'open': equity}],
             'layout': {'title': {'text': 'Worth'}}},
            {'type': 'bar', 'name': 'Profit', 'x': ['BTC', 'ETH'], 'y': [3, -1]},
        ],
        'tables': [{'name': 'Trades', 'columns': ['pair', 'profit'], 'rows': [['BTC', 3.25], ['<u>ETH</u>', None]]}],
    }
`;
const YAML =
  "name: my-bot\nversion: 1.0.0\nruntime: python3.11\nentrypoints:\n  bot: main.py\n  backtest: backtest.py\n";
const STATE = "document.querySelector('.top .chip').innerText";
/** How many pixels of each plot are neither grey nor empty. */
const COLOURED = `[...document.querySelectorAll('.plot canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.slice(at, at + 4);
    if (alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count++;
  }
  return count;
})`;

Deno.test("backtests are started, cancelled, shown and compared, in both themes", NEEDS_BROWSER, async () => {
  await using service = await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
  const folder = await writeBot(`${service.temp}/bot`, {
    "backtest.py": BACKTEST,
    "bot-config.yaml": YAML,
  });
  const { code, output } = await service.berth("deploy", folder, "--id", "my-bot");
  assert.equal(code, 0, output);
  for (const theme of ["light", "dark"] as const) await testIn(service, theme);
});

async function testIn(service: ServiceFixture, theme: "light" | "dark"): Promise<void> {
  const phone = theme === "dark";
  await using browser = await BrowserFixture.open(service, { place: "/backtests", theme, phone });
  if (!phone) await browser.untilShown("No backtests yet.");
  await browser.requireAccessible();
  // The second browser finds what the first has started.
  for (const config of phone ? ['{ "fast": 9 }'] : ["", '{ "fast": 5 }']) {
    await browser.until("bots can be chosen", "document.querySelector('#backtest-bot').length > 1");
    await browser.page.select("#backtest-bot", "my-bot");
    await browser.until("versions can be chosen", "document.querySelector('#backtest-version').length > 1");
    await browser.page.select("#backtest-version", "1.0.0");
    if (config !== "") await browser.type("#backtest-config", config);
    await browser.press("Start");
    await browser.until("it has succeeded", `${STATE} === 'Succeeded'`);
    await browser.untilShown("12345678901234567890");
    await browser.untilShown("<b>Equity</b>");
    await browser.untilShown("Not drawn: candlestick (Worth)");
    await browser.untilShown("<u>ETH</u>");
    await browser.untilShown("<b>testing</b>");
    await browser.until("both plots are drawn", "document.querySelectorAll('.plot canvas').length === 2");
    await browser.until("curves and bars have colours", `${COLOURED}.every((count) => count > 300)`);
    if (config !== "") await browser.requireAccessible();
    await browser.press("All backtests");
    await browser.until("the list is there", "document.querySelector('table.backtests') !== null");
  }
  await browser.pressFirst("table.backtests th a");
  await browser.until("its page is open", `${STATE} === 'Succeeded'`);
  await browser.press("All backtests");
  await browser.until("bots can be chosen", "document.querySelector('#backtest-bot').length > 1");
  if (!phone) {
    await browser.page.select("#backtest-bot", "my-bot");
    await browser.type("#backtest-config", '{ "endless": true }');
    await browser.press("Start");
    await browser.untilShown("<b>testing</b>");
    await browser.press("Cancel");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.until("it is cancelled", `${STATE} === 'Cancelled'`);
    await browser.requireAccessible();
    await browser.press("All backtests");
    await browser.until("the list is there", "document.querySelector('table.backtests') !== null");
  }
  await browser.requireAccessible();
  const done =
    "[...document.querySelectorAll('table.backtests tr')].filter((one) => /Succeeded/.test(one.innerText))";
  await browser.until("enough can be compared", `${done}.length === ${phone ? 3 : 2}`);
  await browser.read(`${done}.slice(0, 2).forEach((one) => one.querySelector('input').click())`);
  await browser.press("Compare 2");
  await browser.until("both have a column", "document.querySelectorAll('table.plain td').length === 6");
  await browser.until(
    "the curves lie over each other",
    "document.querySelectorAll('.legend')[0].children.length === 4",
  );
  await browser.requireAccessible();
  await browser.until("they are drawn", `${COLOURED}.every((count) => count > 300)`);
  assert.equal(await browser.read("document.documentElement.scrollWidth > innerWidth"), false);
}
