/** The pages of schedules, in a browser, against the real service that runs them. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { until } from "../support/until.ts";

const REPORT = `def main(id, config):
    print('<b>closing</b> prices', flush=True)
    return {'close': 12345678901234567890, 'note': '<i>text</i>'}
`;
const CRASH = "def main(id, config):\n    raise RuntimeError('no <b>API</b> key')\n";

async function open(): Promise<ServiceFixture> {
  return await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
}

/** Deploys a schedule whose bot-config.yaml has these lines, too. */
async function schedule(service: ServiceFixture, id: string, main: string, yaml: string): Promise<void> {
  const config = `name: ${id}\nversion: 1.0.0\nruntime: python3.11\nentrypoints:\n  bot: main.py\n${yaml}`;
  const folder = await writeBot(`${service.temp}/${id}`, { "main.py": main, "bot-config.yaml": config });
  const { code, output } = await service.berth("deploy", folder, "--id", id);
  assert.equal(code, 0, output);
}

async function run(service: ServiceFixture, id: string): Promise<void> {
  const { id: runId } = await service.client.call("runSchedule", { params: { id } });
  await until(`${id} has run`, async () => {
    const { finishedAt } = await service.client.call("getRun", { params: { runId } });
    return finishedAt !== undefined;
  });
}

const NEW_YORK = 'schedule: "0 9 * * *"\ntimezone: America/New_York\n';

for (const theme of ["light", "dark"] as const) {
  Deno.test(
    `the schedules say when they run by three clocks and how they ended, in the ${theme} theme`,
    NEEDS_BROWSER,
    async () => {
      await using service = await open();
      await using browser = await BrowserFixture.open(service, {
        place: "/schedules",
        theme,
        phone: theme === "dark",
      });
      await browser.untilShown("No schedules yet.");
      await browser.requireAccessible();
      await schedule(service, "report", REPORT, NEW_YORK);
      await schedule(service, "ticker", CRASH, 'schedule: "0 0 1 1 *"\n');
      await service.berth("disable", "ticker");
      await browser.untilShown("ticker");
      await run(service, "report");
      await run(service, "ticker");
      await browser.untilShown("1 succeeded");
      await browser.untilShown("1 failed");
      const times = await browser.read<string>("document.querySelector('.next .three-times').innerText");
      assert.match(times, /\w{3} \d+ \w{3}, 1[34]:00 UTC/);
      assert.match(times, /, 09:00 New York/);
      assert.match(times, /here/);
      await browser.until(
        "the week has its times",
        "[...document.querySelectorAll('.week a')].filter((one) => one.innerText.includes('report')).length >= 6",
      );
      await browser.requireAccessible();
      const isWider = await browser.read("document.documentElement.scrollWidth > innerWidth");
      assert.equal(isWider, false, "the page scrolls sideways");
      if (theme === "light") {
        await browser.pressFirst(".last-run a");
        await browser.until(
          "the run is open",
          "document.querySelector('.run-head[aria-expanded=true]') !== null",
        );
        await browser.press("All schedules");
        await browser.until("the week is there", "document.querySelector('.week a') !== null");
        await browser.pressFirst(".week a");
        await browser.until("its page is open", "document.querySelector('h1').innerText === 'report'");
        await browser.press("All schedules");
      }
      await browser.type("#find", "tick");
      await browser.untilShown("1 of 2");
      await browser.press("ticker");
      await browser.untilShown("It ended with exit code 1.");
      await browser.read("document.querySelector('.run-head').click()");
      await browser.untilShown("no <b>API</b> key");
    },
  );
}

Deno.test(
  "a schedule runs now after a question, and shows its log and its result",
  NEEDS_BROWSER,
  async () => {
    await using service = await open();
    await schedule(service, "report", REPORT, NEW_YORK);
    await using browser = await BrowserFixture.open(service, {
      place: "/schedules/report",
      // At the end the schedule is removed.
      expected: /status of 404/,
    });
    await browser.untilShown("It never ran.");
    assert.equal(await browser.read("document.querySelectorAll('.times li').length"), 5);
    await browser.press("Run now: report");
    await browser.untilShown("Run report now?");
    await browser.page.keyboard.press("Escape");
    await browser.until("the question is gone", "document.querySelector('dialog') === null");
    await browser.press("Run now: report");
    await browser.read("document.querySelector('dialog .primary').click()");
    // The run that was started is open, and its log comes while it runs.
    await browser.untilShown("<b>closing</b> prices");
    await browser.until(
      "it has succeeded",
      "/Succeeded/.test(document.querySelector('.run .chip').innerText)",
    );
    await browser.untilShown('"close": 12345678901234567890');
    await browser.untilShown('"note": "<i>text</i>"');
    assert.match(
      await browser.read("document.querySelector('.run').innerText"),
      /manual · by session of local/,
    );
    await browser.requireAccessible();
    await browser.page.select("#run-state", "failed");
    await browser.untilShown("No run matches.");
    await browser.page.select("#run-state", "");
    await browser.press("Disable");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.until("it is disabled", "document.querySelector('.top .chip').innerText === 'Disabled'");
    await browser.press("Enable");
    await browser.until("it is enabled", "document.querySelector('.top .chip').innerText === 'Scheduled'");
    await service.berth("remove", "report");
    await browser.untilShown("It was removed; its runs stay.");
  },
);
