/** Guards, sessions, the watchdog and notifications in a browser, against the real service with running bots. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER, SERVICE_GONE } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { Receiver } from "../support/servers/receiver.ts";
import { until } from "../support/until.ts";

const MAIN = `import json, time
def main(id, config):
    while True:
        for value in config["values"]:
            print(json.dumps({"_metric": "equity", "value": value}), flush=True)
            time.sleep(0.2)
        if len(config["values"]) > 1: print("<b>bold</b> \\x1b[31mred", flush=True)
`;
const GUARD = "{ name: equity, metric: equity, field: value, when: below, limit: 10, action: stop }";
/** Open for one day, far away. */
const RARE = {
  zone: "UTC",
  covers: { from: "2020-01-01", to: "2027-12-31" },
  weeks: [{ from: "2020-01-01" }],
};

async function deploy(
  service: ServiceFixture,
  id: string,
  values: number[],
  settings: string,
): Promise<void> {
  const yaml = `name: ${id}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\n${settings}`;
  const folder = await writeBot(`${service.temp}/${id}`, {
    "main.py": MAIN,
    "bot-config.yaml": yaml,
    "config.json": JSON.stringify({ values }),
  });
  const { code, output } = await service.berth("deploy", folder, "--no-wait");
  assert.equal(code, 0, output);
}

async function requireFit(browser: BrowserFixture): Promise<void> {
  await browser.requireAccessible();
  assert.equal(await browser.read("document.documentElement.scrollWidth > innerWidth"), false);
}

const GUARDS = "document.querySelector('[aria-labelledby=guards]').innerText";
const STATE = "document.querySelector('.top .chip').innerText";

Deno.test(
  "guards are shown and released, sessions and the watchdog told, and notifications listed",
  NEEDS_BROWSER,
  async () => {
    await using receiver = Receiver.open();
    await using service = await ServiceFixture.open({
      engine: true,
      env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
    });
    const { dataDir } = service.config.runner;
    // Bots are removed while a page asks for them, and the service is started anew.
    const expected = new RegExp(`${SERVICE_GONE.source}|status of (404|409)`);
    await using light = await BrowserFixture.open(service, { place: "/notifications", expected });
    await light.untilShown("No channels yet.");
    await requireFit(light);

    await Deno.mkdir(`${dataDir}/calendars`, { recursive: true });
    await Deno.writeTextFile(
      `${dataDir}/calendars/RARE.json`,
      JSON.stringify({ ...RARE, special: { "2027-12-30": [["09:00", "17:00"]] } }),
    );
    await Deno.writeTextFile(
      `${dataDir}/guards.yaml`,
      "guards:\n- { name: all, bots: desk=fx, metric: equity, field: value, when: above, limit: 1000, action: alert }\n- { name: bad }\n",
    );
    await Deno.writeTextFile(
      `${dataDir}/channels.yaml`,
      `channels:\n- { name: hook, type: webhook, url: "${receiver.url}" }\n- { name: bad, type: ntfy }\nalerts:\n- { name: tags, pattern: "<b>", cooldown_seconds: 3600 }\n`,
    );
    await deploy(service, "held", [12, 8], `guards: [${GUARD}]\n`);
    await deploy(
      service,
      "steady",
      [20, 21],
      `guards: [${GUARD}]\nlabels: { desk: fx }\nsession: { calendar: 24/7 }\nhealth: { max_silence_seconds: 60, action: restart, start_grace_seconds: 0 }\n`,
    );
    await deploy(service, "closed", [1], "session: { calendar: RARE, start: -10m }\n");

    // Announced changes arrive, and are listed without a reload, as text.
    await light.untilShown("held: its guard 'equity' tripped and stopped it");
    await light.until(
      "it is delivered",
      "/Delivered/.test(document.querySelector('[aria-labelledby=deliveries]').innerText)",
    );
    await light.untilShown("line 3: channels[1].topic: is missing");
    await light.untilShown("steady: its log matches 'tags'");
    await light.read("document.querySelectorAll('.delivery').forEach((one) => one.open = true)");
    await light.untilShown("<b>bold</b> red");
    assert.equal(await light.read("document.querySelectorAll('main b').length"), 0);
    await requireFit(light);
    await light.pressFirst(".delivery a", "Open");
    await light.until("the page of its bot is open", "document.querySelector('.top .chip') !== null");
    await light.go("/notifications");
    await light.untilShown("Delivered");
    receiver.answer = () => new Response("no such hook", { status: 404 });
    await light.press("Test: hook");
    await light.untilShown("Not delivered: it answers 404");
    receiver.answer = () => new Response(null, { status: 204 });
    await light.press("Test: hook");
    await light.untilShown("The receiver has taken it.");

    await using dark = await BrowserFixture.open(service, { theme: "dark", phone: true, expected });
    await dark.untilShown("Watching");
    await dark.untilShown("guards[1].bots: must be a label");
    await requireFit(dark);
    await dark.go("/schedules");
    await dark.until("the week shows the sessions", "document.querySelectorAll('.week .open').length >= 7");
    await requireFit(dark);
    await dark.go("/bots/closed");
    await dark.untilShown("Runs from 10 min before the open to the close.");
    await dark.until("it waits", `${STATE} === 'Outside session'`);
    await requireFit(dark);
    await dark.go("/bots/steady");
    await dark.until("the guard has a value", `/Within its limit\\s+2[01]/.test(${GUARDS})`);
    await dark.untilShown("at most 1 min without a line");
    await dark.untilShown("In its session");
    await requireFit(dark);

    // The page of the bot in one browser, the overview in the other: both change when one releases.
    await light.go("/bots");
    await light.untilShown("Stopped by a guard");
    await requireFit(light);
    await dark.go("/bots/held");
    await dark.until("it is held", `${STATE} === 'Latched'`);
    await dark.untilShown("Nothing starts the bot until a person releases the guard.");
    await requireFit(dark);
    await deploy(service, "held", [30], `guards: [${GUARD}]\n`);
    await dark.press("Release: equity");
    await dark.untilShown("Why may the bot run again?");
    await requireFit(dark);
    await dark.press("Release");
    await dark.type("dialog input", "  ");
    await dark.page.keyboard.press("Enter");
    assert.equal(
      await dark.read("document.querySelector('dialog') !== null"),
      true,
      "a release needs a reason",
    );
    await dark.type("dialog input", "<i>deposit</i> arrived");
    await dark.page.keyboard.press("Enter");
    await dark.until("it runs", `${STATE} === 'Running'`);
    await dark.until(
      "the release is told",
      `/by session of local: <i>deposit<\\/i> arrived/.test(${GUARDS})`,
    );
    await light.until("nothing holds it", "!document.body.innerText.includes('Stopped by a guard')");
    const { entries } = await service.client.call("listAudit", { query: { operation: "releaseGuard" } });
    assert.match(JSON.stringify(entries), /deposit/);
    await light.go("/notifications");
    await light.untilShown("No open incidents.");
    await light.untilShown("Recovered: held");
    await until(
      "the end is delivered",
      () => receiver.requests.some(({ json }) => json?.data?.state === "recovered"),
    );

    // A latch outlives its bot, and so does its incident: nobody hears of it twice.
    const tripped = () =>
      receiver.requests.filter(({ json }) => json?.data?.guard === "equity" && json.data.state === "opened");
    await deploy(service, "held", [8], `guards: [${GUARD}]\n`);
    await until("both trips are told", () => tripped().length === 2);
    for (const id of ["held", "steady", "closed"]) {
      assert.equal((await service.berth("remove", id, "--yes")).code, 0);
    }
    await light.go("/bots");
    await light.untilShown("No bots yet.");
    await light.untilShown("Stopped by a guard");
    await requireFit(light);
    await service.stop();
    await service.start();
    await deploy(service, "held", [30], `guards: [${GUARD}]\n`);
    await light.until("it is held", "/Latched/.test(document.querySelector('td.state').innerText)");
    // A page may list what is there before it counts as connected again, and does nothing until then.
    await light.until("it is connected again", "document.querySelector('[data-live]') !== null");
    const { open } = await service.client.call("getNotifications", {});
    assert.deepEqual(open.map(({ bot, guard }) => [bot, guard]), [["held", "equity"]]);
    await light.press("Release: equity of held");
    await light.type("dialog input", "a test");
    await light.page.keyboard.press("Enter");
    await light.until("it runs", "/Running/.test(document.querySelector('td.state').innerText)");
    await until(
      "the end is told",
      () =>
        receiver.requests.filter(({ json }) =>
          json?.data?.state === "recovered" && json.data.guard === "equity"
        ).length === 2,
    );
    assert.equal(tripped().length, 2);
  },
);
