/**
 * Makes the pictures of the README and of the docs: `deno task screenshots`. It needs an engine and a Chromium, starts a
 * service of its own with bots, and leaves nothing behind. With a folder, `deno task screenshots FOLDER`, it takes every
 * page instead, empty and full, in both themes and on a phone, to look at.
 *
 * @module
 */

import { BrowserFixture, type BrowserFixtureOptions } from "../support/fixtures/browser_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { Receiver } from "../support/servers/receiver.ts";
import { pause } from "../support/until.ts";
import { showBots } from "./show_bots.ts";

const DOCS = new URL("../../docs/images/", import.meta.url).pathname;

interface Picture extends BrowserFixtureOptions {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** JavaScript that tells when to take it. */
  readonly when: string;
}

const PROBLEMS = "document.querySelectorAll('.problem .line').length >= 2";
const PICTURES: readonly Picture[] = [
  {
    name: "dashboard-overview",
    width: 1280,
    height: 900,
    when:
      `${PROBLEMS} && [...document.querySelectorAll('td.number')].some((one) => / %/.test(one.innerText))`,
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
  { name: "dashboard-phone", phone: true, width: 390, height: 780, when: PROBLEMS },
];

/** Every page, for people who change them. */
const PLACES: Readonly<Record<string, string>> = {
  overview: "/bots",
  bot: "/bots/momo-btc",
  "bot-latched": "/bots/pairs-ada-dot",
  "bot-failing": "/bots/grid-eth",
  "bot-session": "/bots/twap-link",
  "bot-missing": "/bots/nobody",
  schedules: "/schedules",
  schedule: "/schedules/daily-report",
  backtests: "/backtests",
  logs: "/logs?find=filled",
  notifications: "/notifications",
};

async function takeAll(service: ServiceFixture, folder: string, prefix: string): Promise<void> {
  for (const [form, options] of Object.entries(FORMS)) {
    await using browser = await BrowserFixture.open(service, { ...options, expected: /status of 404/ });
    for (const [name, place] of Object.entries(PLACES)) {
      if (prefix === "empty" && place.slice(1).includes("/")) continue;
      await browser.go(place);
      await pause(4000, "the page reads what it shows");
      const path = `${folder}/${prefix}-${name}-${form}.png` as const;
      // A list of hits draws more the more of it is seen.
      await browser.page.screenshot({ path, fullPage: name !== "logs" });
    }
  }
}

const FORMS = {
  "desktop-light": { theme: "light" },
  "desktop-dark": { theme: "dark" },
  "phone-light": { theme: "light", phone: true },
  "phone-dark": { theme: "dark", phone: true },
} as const satisfies Readonly<Record<string, BrowserFixtureOptions>>;

async function takePicture(
  service: ServiceFixture,
  { name, width, height, when, ...options }: Picture,
): Promise<void> {
  await using browser = await BrowserFixture.open(service, options);
  await browser.page.setViewport({ width, height, isMobile: options.phone === true });
  await browser.until("the picture is complete", when);
  await browser.page.screenshot({ path: `${DOCS}${name}.png` });
}

const [folder] = Deno.args;
await using receiver = Receiver.open();
await using service = await ServiceFixture.open({
  engine: true,
  env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1", BERTH_INSTANCE: "pictures" },
});
if (folder !== undefined) {
  await Deno.mkdir(folder, { recursive: true });
  await takeAll(service, folder, "empty");
}
await showBots(service, receiver.url);
{
  // Load and memory are known for as long as somebody looked.
  await using _looking = await BrowserFixture.open(service);
  await pause(90_000, "curves are drawn while the bots run");
}
if (folder !== undefined) await takeAll(service, folder, "full");
else for (const picture of PICTURES) await takePicture(service, picture);
