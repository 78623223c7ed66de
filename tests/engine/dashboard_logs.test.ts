/** The search over all logs, in a browser, against the real service with running bots. */

import assert from "node:assert/strict";
import type { HTTPRequest } from "puppeteer-core";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { until } from "../support/until.ts";

const MANY = `import time
def main(id, config):
    for number in range(3000):
        print('order', number, '<b>filled</b>')
    print(end='', flush=True)
    time.sleep(0.1)
    print('the end of ' + id, flush=True)
    while True: time.sleep(0.1)
`;

Deno.test("the logs of all bots are searched, in both themes", NEEDS_BROWSER, async () => {
  await using service = await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
  for (const id of ["first", "second"]) {
    const folder = await writeBot(`${service.temp}/${id}`, { "main.py": MANY });
    await service.berth("deploy", folder, "--id", id);
  }
  await until("the lines are stored", async () => {
    const { output } = await service.berth("logs", "--all", "--grep", "the end of");
    return output.includes("the end of first") && output.includes("the end of second");
  });
  for (const theme of ["light", "dark"] as const) await searchIn(service, theme);
});

async function searchIn(service: ServiceFixture, theme: "light" | "dark"): Promise<void> {
  const phone = theme === "dark";
  await using browser = await BrowserFixture.open(service, { place: "/logs", theme, phone });
  await browser.untilShown("Find a line in any log.");
  await browser.requireAccessible();
  const search = async (text: string) => {
    await browser.read("document.querySelector('#find').value = ''");
    await browser.type("#find", text);
    await browser.page.keyboard.press("Enter");
  };
  // More than one answer of the service holds, and more than the page holds at once.
  await search("<b>filled</b>");
  await browser.untilShown("there is more");
  await browser.untilShown("<b>filled</b>");
  assert.ok(await browser.read("document.querySelectorAll('.hit').length < 120"));
  assert.ok(await browser.read("document.querySelectorAll('mark').length > 0"));
  await browser.requireAccessible();
  await browser.press("Search on");
  await browser.untilShown("6,000 lines");
  await browser.untilShown("all of it is searched");

  // A bar, and an arrow key, show only what is of their time.
  const heading = "document.querySelector('[aria-labelledby=found] header .push').innerText";
  const bar = await browser.page.$(".histogram rect:not(.none)");
  await bar!.click();
  await browser.until("only its lines", `/lines? around/.test(${heading})`);
  await browser.requireAccessible();
  await bar!.click();
  await browser.until("all again", `!/around/.test(${heading})`);
  await browser.read("document.querySelector('.histogram svg').focus()");
  await browser.page.keyboard.press("ArrowLeft");
  await browser.until("the last bar's", `/lines? around/.test(${heading})`);
  await browser.page.keyboard.press("Escape");
  await browser.until("all once more", `!/around/.test(${heading})`);

  await browser.page.select("#log-hours", "1");
  await search("/order 299[89] /");
  await browser.untilShown("4 lines");
  await browser.type("#log-bots", "second");
  await search("the end");
  await browser.until("only one bot's", "document.querySelectorAll('.hit').length === 1");
  assert.equal(await browser.read("document.documentElement.scrollWidth > innerWidth"), false);
  // A search that is stopped keeps what it has found.
  if (!phone) {
    await browser.page.setRequestInterception(true);
    const hold = (request: HTTPRequest) =>
      // The answer never comes.
      new URL(request.url()).pathname === "/api/logs/search" ? undefined : void request.continue();
    browser.page.on("request", hold);
    await browser.page.keyboard.press("Enter");
    await browser.press("Stop");
    await browser.untilShown("stopped");
    browser.page.off("request", hold);
    await browser.page.setRequestInterception(false);
    await search("the end");
    await browser.until("only one bot's", "document.querySelectorAll('.hit').length === 1");
  }
  // A link to the search finds the same.
  await browser.page.reload();
  await browser.until("it is found again", "document.querySelectorAll('.hit').length === 1");
  await browser.read("document.querySelector('.hit a').click()");
  await browser.until("the bot's log is there", "document.querySelector('h1').innerText === 'second'");
  await browser.until(
    "it begins at the line",
    "document.querySelector('.log-line .log-text').innerText === 'the end of second'",
  );
}
