/** The dashboard without a service, without a session, and with a session that may only read. */

import assert from "node:assert/strict";
import type { HTTPRequest } from "puppeteer-core";
import { BrowserFixture, NEEDS_BROWSER, SERVICE_GONE } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { TcpProxy } from "../support/servers/tcp_proxy.ts";
import { pause, until } from "../support/until.ts";

const LOOP =
  "import time\ndef main(id, config):\n    while True:\n        print(time.time(), flush=True)\n        time.sleep(0.2)\n";
const LINES = "[...document.querySelectorAll('.log-line .log-text')].map((one) => one.innerText)";
const STATE = "document.querySelector('.top .chip').innerText";
const SHOW = `Object.defineProperty(document, "hidden", { value: false, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"))`;
const IS_LIVE = "document.querySelector('[data-live]') !== null";

async function openWithBot(): Promise<ServiceFixture> {
  const service = await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
  const folder = await writeBot(`${service.temp}/bot`, { "main.py": LOOP });
  const { code, output } = await service.berth("deploy", folder, "--id", "my-bot");
  assert.equal(code, 0, output);
  return service;
}

/** The bot prints the time, more than once a second. */
async function requireWholeLog(browser: BrowserFixture): Promise<void> {
  const times = (await browser.read<string[]>(LINES)).map(Number).filter((time) => !Number.isNaN(time));
  assert.ok(times.every((time, at) => at === 0 || time > times[at - 1]!), "a line is repeated");
  assert.ok(times.every((time, at) => at === 0 || time - times[at - 1]! < 1), "lines are missing");
}

Deno.test(
  "without the service the page says since when it is old, and comes back by itself",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    // The bot is removed at the end, which a page that asks for it is told by a 404.
    const expected = new RegExp(`${SERVICE_GONE.source}|status of 404 .*/bots/my-bot$`);
    await using browser = await BrowserFixture.open(service, { place: "/bots/my-bot", expected });
    await browser.until("the log is live", `${LINES}.length > 3`);
    const before = await browser.read<string>(`${LINES}.at(-1)`);
    await service.stop();
    await browser.untilShown("Not connected.");
    assert.match(
      await browser.read<string>("document.querySelector('.banner').innerText"),
      /Everything here is as of \d\d:\d\d:\d\d/,
    );
    await browser.requireAccessible();
    await browser.press("Disable");
    await browser.untilShown("Not connected: nothing was done.");
    await browser.press("Dismiss");
    await browser.until("it is not said any more", "document.querySelector('.said') === null");
    await browser.press("Try now");

    await service.start();
    await browser.until("it is connected again", IS_LIVE);
    await browser.until("the banner is gone", "document.querySelector('.banner') === null");
    await browser.until("the log goes on", `Number(${LINES}.at(-1)) > ${before} + 1`);
    await requireWholeLog(browser);
    await service.berth("disable", "my-bot");
    await browser.until(
      "changes come again",
      "document.querySelector('.top .chip').innerText === 'Disabled'",
    );
    const at = new Date(Number(before) * 1000).toISOString();
    assert.equal((await service.berth("remove", "my-bot", "--yes")).code, 0);
    await browser.go(`/bots/my-bot?at=${encodeURIComponent(at)}`);
    await browser.untilShown("There is no bot my-bot.");
    await browser.until("its log is still shown", `${LINES}.length > 3`);
  },
);

Deno.test(
  "a page that nobody looks at holds no connection, and goes on where it was",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    await using browser = await BrowserFixture.open(service, { place: "/bots/my-bot" });
    await browser.until("the log is live", `${LINES}.length > 3`);
    const setHidden = (isHidden: boolean) =>
      browser.read(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await browser.type("#find-line", "1");
    await browser.go("/bots");
    await browser.until("the overview is open", "document.querySelector('table.bots th.name') !== null");
    await browser.go("/bots/my-bot");
    await browser.until("the log is live", `${LINES}.length > 3`);
    await pause(500, "what was typed before would be searched by now, in a stream that nobody ends");
    const ended: string[] = [];
    browser.page.on("requestfailed", (request) => ended.push(new URL(request.url()).pathname));
    await setHidden(true);
    await until("both streams have ended", () => ended.length === 2);
    assert.deepEqual(ended.sort(), ["/api/bots/my-bot/logs/follow", "/api/events"]);
    assert.equal(await browser.read("document.querySelector('.banner')"), null);
    const endedAt = Date.now() / 1000;
    await until("lines that came before the end are drawn", () => Date.now() / 1000 > endedAt + 1);
    const before = await browser.read<string>(`${LINES}.at(-1)`);
    assert.ok(Number(before) <= endedAt, "a line came without a stream");
    await until("the bot goes on", () => Date.now() / 1000 > endedAt + 2);
    assert.equal(await browser.read(`${LINES}.at(-1)`), before);

    await setHidden(false);
    await browser.until("it is connected again", IS_LIVE);
    await browser.until("the log goes on", `Number(${LINES}.at(-1)) > ${before} + 1.5`);
    await requireWholeLog(browser);
    await service.berth("disable", "my-bot");
    await browser.until(
      "changes come again",
      "document.querySelector('.top .chip').innerText === 'Disabled'",
    );
  },
);

Deno.test(
  "a session that is over is said in the middle of an action, and nothing is lost",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    const first = await service.client.call("getBot", { params: { id: "my-bot" } });
    await using browser = await BrowserFixture.open(service, {
      place: "/bots/my-bot",
      expected: /status of 401/,
    });
    await browser.type("#find-line", "1");
    await browser.press("Restart");
    await browser.untilShown("Restart my-bot?");
    await browser.press("Cancel");
    await browser.until("the question is gone", "document.querySelector('dialog') === null");
    await browser.press("Restart");
    await browser.untilShown("Restart my-bot?");
    await browser.page.browserContext().deleteCookie(...await browser.page.browserContext().cookies());
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.untilShown("Your session is over");
    await browser.untilShown("restart my-bot");
    await browser.requireAccessible();
    const { containerId } = await service.client.call("getBot", { params: { id: "my-bot" } });
    assert.equal(containerId, first.containerId, "nothing was done without a session");

    // A click that was cancelled has no effect later.
    await browser.press("Do not do it");
    await browser.untilShown("Your session is over");
    await browser.until("nothing waits", "!document.body.innerText.includes('Not done yet')");
    await browser.page.keyboard.press("Escape");
    await browser.read("[...document.querySelectorAll('.top button')][0].click()");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.untilShown("restart my-bot");

    await browser.type("#login-link", "a wrong link");
    await browser.page.keyboard.press("Enter");
    await browser.untilShown("This link is wrong");
    await browser.read("document.querySelector('#login-link').select()");
    await browser.type("#login-link", await browser.link());
    await browser.page.keyboard.press("Enter");
    await browser.untilShown("It is running.");
    const second = await service.client.call("getBot", { params: { id: "my-bot" } });
    assert.notEqual(second.containerId, first.containerId);
    assert.equal(
      await browser.read("document.querySelector('#find-line').value"),
      "1",
      "what was typed is there",
    );
  },
);

Deno.test(
  "a part that fails says so, and the rest goes on, also for who may only look",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    const { stdout: token } = await service.berth("token", "create", "viewer", "--role", "read");
    await using browser = await BrowserFixture.open(service, {
      token,
      theme: "dark",
      expected: new RegExp(`TypeError|${SERVICE_GONE.source}|status of 409`),
    });
    await browser.page.setRequestInterception(true);
    let isBroken = true;
    browser.page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      const isOfBot = isBroken && pathname === "/api/bots/my-bot/stats/history";
      if (isBroken && pathname === "/api/bots/my-bot") {
        // An answer that no service sends: each part that reads it fails.
        void request.respond({
          contentType: "application/json",
          body: '{ "id": "my-bot", "exits": 5, "latches": 5 }',
        });
      } else if (isOfBot) void request.respond({ contentType: "application/json", body: '{ "points": [] }' });
      else void request.continue();
    });
    await browser.go("/bots/my-bot");
    await browser.untilShown("The ends cannot be shown.");
    await browser.untilShown("This is a mistake of the dashboard; your bots are not affected.");
    await browser.until("the log goes on", `${LINES}.length > 3`);
    await browser.requireAccessible();
    isBroken = false;
    // A new connection reads the bot anew, and each part is tried again until then.
    await service.stop();
    await service.start();
    await browser.until(
      "the ends are there",
      `(() => {
        for (const one of document.querySelectorAll('.failed button')) one.click();
        return document.body.innerText.includes('No container of it has ended.');
      })()`,
    );
    assert.ok(!await browser.read("document.body.innerText.includes('cannot be shown')"));
    await browser.until(
      "the button says so",
      "/is read-only/.test(document.querySelector('.action button').title)",
    );
    await browser.press("Restart");
    assert.equal(await browser.read("document.querySelector('dialog')"), null);
    await browser.requireAccessible();
  },
);

Deno.test(
  "while the database is down, panels say since when they are old, and a late answer changes nothing",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    await using browser = await BrowserFixture.open(service, { expected: /status of 503/ });
    await browser.page.setRequestInterception(true);
    let isAway = false;
    let isHolding = false;
    let held: HTTPRequest | undefined;
    let answers = 0;
    browser.page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (isAway && pathname === "/api/notifications/deliveries") {
        const body = JSON.stringify({ code: "store/unavailable", detail: "The database is down." });
        void request.respond({ status: 503, contentType: "application/problem+json", body });
      } else if (isHolding && pathname === "/api/overview") {
        isHolding = false;
        held = request;
      } else void request.continue();
    });
    browser.page.on("response", (response) => {
      if (new URL(response.url()).pathname === "/api/overview") answers++;
    });
    await browser.go("/notifications");
    await browser.untilShown("No deliveries yet.");
    isAway = true;
    await browser.until(
      "it says so",
      "/Not read since \\d\\d:\\d\\d:\\d\\d: The database is down\\./.test(document.querySelector('[aria-labelledby=deliveries]').innerText)",
    );
    await browser.untilShown("No channels yet.");
    await browser.requireAccessible();
    isAway = false;
    await browser.until("it is read again", "!document.body.innerText.includes('Not read since')");

    await browser.go("/bots");
    const state = "document.querySelector('td.state').innerText";
    await browser.until("it runs", `/Running/.test(${state})`);
    const old = await browser.read<string>("fetch('/api/overview').then((answer) => answer.text())");
    isHolding = true;
    await browser.read(SHOW);
    await until("it asks", () => held !== undefined);
    const before = answers;
    await service.berth("disable", "my-bot");
    await until("it has asked again, and has an answer", () => answers > before);
    await browser.until("it is disabled", `/Disabled/.test(${state})`);
    await held!.respond({ contentType: "application/json", body: old });
    await until("the late answer is there", () => answers > before + 1);
    await pause(200, "what the late answer changes is drawn");
    assert.match(await browser.read<string>(state), /Disabled/);
  },
);

Deno.test(
  "a way that breaks without a word, a browser that slept, and two browsers at once lose nothing",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    const [host, port] = service.env.HTTP_ADDR!.split(":");
    await using proxy = new TcpProxy({ host: host!, port: Number(port) });
    await proxy.open();
    const place = "/bots/my-bot";
    const expected = /ERR_NETWORK_IO_SUSPENDED|ERR_CONNECTION/;
    await using browser = await BrowserFixture.open(service, { place, expected, through: proxy.address });
    await using other = await BrowserFixture.open(service, { place, theme: "dark" });
    await browser.until("the log is live", `${LINES}.length > 3`);

    // Neither side hears of it: connections stay open, and nothing comes.
    proxy.freeze();
    await browser.read("window.realNow = Date.now; window.before = performance.now()");
    const before = await browser.read<string>(`${LINES}.at(-1)`);
    await pause(1000, "what was on its way has come");
    proxy.onStep = undefined;
    await browser.read("Date.now = () => realNow() + 40_000");
    await browser.until("it is connected again", `${IS_LIVE} && Number(${LINES}.at(-1)) > ${before} + 2`);
    await browser.read("Date.now = realNow");
    await requireWholeLog(browser);

    // The browser sleeps for an hour; meanwhile the other one disables the bot.
    const devtools = await browser.page.createCDPSession();
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await other.press("Disable");
    await other.read("document.querySelector('dialog .primary').click()");
    await other.until("it is disabled", `${STATE} === 'Disabled'`);
    await browser.read("Date.now = () => realNow() + 3600_000");
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    // A browser without a screen does not come back to the front by itself.
    await browser.read(SHOW);
    await browser.until("it knows", `${STATE} === 'Disabled' && ${IS_LIVE}`);

    // Both press the same at once: it is done once, and both say so.
    // One that is not in front draws nothing, so nothing there can be pressed by its place.
    const press =
      "[...document.querySelectorAll('.top button')].find((one) => one.innerText === 'Enable').click()";
    await Promise.all([browser.read(press), other.read(press)]);
    for (const one of [browser, other]) await one.until("it runs", `${STATE} === 'Running'`);
    const { exits, start } = await service.client.call("getBot", { params: { id: "my-bot" } });
    assert.equal(exits.length, 1);
    assert.equal(start!.trigger, "enable");
  },
);

Deno.test(
  "the keyboard does everything, and a link that is used sends to the log-in page",
  NEEDS_BROWSER,
  async () => {
    await using service = await openWithBot();
    await using browser = await BrowserFixture.open(service, { expected: /status of 401/ });
    const { keyboard } = browser.page;
    await browser.untilShown("my-bot");
    await keyboard.press("?");
    await browser.untilShown("Next row");
    await browser.requireAccessible();
    await keyboard.press("Escape");
    await keyboard.press("/");
    await browser.until("the search has the focus", "document.activeElement.id === 'find'");
    await keyboard.press("Escape");
    await keyboard.press("j");
    await browser.until("the row has the focus", "document.activeElement.innerText === 'my-bot'");
    await keyboard.press("o");
    await browser.until("its lines are shown", "document.querySelector('tr.opened .lines') !== null");
    await keyboard.press("Enter");
    await browser.until("its page is open", "document.querySelector('.log-line') !== null");
    await browser.read("document.activeElement.blur()");
    await browser.read(`void (window.focusOfTable = new Promise((resolve) =>
      new MutationObserver((_changes, observer) => {
        if (!document.querySelector("table.bots")) return;
        observer.disconnect();
        resolve(document.activeElement.id);
      }).observe(document.body, { childList: true, subtree: true })))`);
    await keyboard.press("Escape");
    assert.equal(await browser.read("focusOfTable"), "main", "the page has the focus when it is there");
    await browser.until("it is back", "document.querySelector('table.bots th.name') !== null");
    await keyboard.press("j");
    await browser.until("the row has the focus again", "document.activeElement.innerText === 'my-bot'");
    await keyboard.press("Enter");
    await browser.until("its page is open", "document.querySelector('.log-line') !== null");
    await keyboard.press("g");
    await keyboard.press("b");
    await browser.until("it is back", "document.querySelector('table.bots th.name') !== null");

    await browser.press("Log out");
    await browser.untilShown("Log in to Berth");
    const link = await browser.link();
    await (await fetch(link, { redirect: "manual" })).body?.cancel();
    await browser.page.goto(link);
    await browser.untilShown("Log in to Berth");
    await browser.requireAccessible();
  },
);
