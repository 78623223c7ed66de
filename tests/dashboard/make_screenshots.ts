/**
 * Makes the pictures of the README: `deno task screenshots`. It needs an engine and a Chromium, starts a service of its
 * own with bots, and leaves nothing behind.
 *
 * @module
 */

import { BrowserFixture, type BrowserFixtureOptions } from "../support/fixtures/browser_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { pause } from "../support/until.ts";
import { showBots } from "./show_bots.ts";

const FOLDER = new URL("../../docs/images/", import.meta.url);

interface Picture extends BrowserFixtureOptions {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** JavaScript that tells when to take it. */
  readonly when: string;
}

const PICTURES: readonly Picture[] = [
  {
    name: "dashboard-overview",
    width: 1280,
    height: 900,
    when: "document.querySelectorAll('.problem .line').length === 2 && " +
      "[...document.querySelectorAll('td.number')].some((one) => / %/.test(one.innerText))",
  },
  {
    name: "dashboard-bot",
    place: "/bots/momo-btc",
    theme: "dark",
    width: 1280,
    height: 900,
    when:
      "document.querySelectorAll('.log-line').length > 20 && document.querySelectorAll('.chart').length > 3",
  },
  {
    name: "dashboard-phone",
    phone: true,
    width: 390,
    height: 780,
    when: "document.querySelectorAll('.problem .line').length === 2",
  },
];

await using service = await ServiceFixture.open({
  engine: true,
  env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1", BERTH_INSTANCE: "pictures" },
});
await showBots(service);
await Promise.all(PICTURES.map(async ({ name, width, height, when, ...options }) => {
  await using browser = await BrowserFixture.open(service, options);
  await browser.page.setViewport({ width, height, isMobile: options.phone === true });
  await pause(60_000, "curves are drawn while the bots run");
  await browser.until("the picture is complete", when);
  await browser.page.screenshot({ path: new URL(`${name}.png`, FOLDER).pathname as `${string}.png` });
}));
