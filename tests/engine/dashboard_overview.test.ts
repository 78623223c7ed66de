/** The overview of the dashboard, in a browser, against the real service with running bots. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { freePort } from "../support/servers/free_port.ts";

const LOOP = `import json, time
def main(id, config):
    for value in range(10**9):
        print('line', value, flush=True)
        print(json.dumps({"_metric": "equity", "value": 10000.25 + value}), flush=True)
        time.sleep(0.3)
`;
const CRASH = "def main(id, config):\n    raise RuntimeError('<b>no</b> API key')\n";

const IS_WIDER = "document.documentElement.scrollWidth > innerWidth";
/** The names in the table. */
const ROWS = "[...document.querySelectorAll('table.bots tbody th.name a')].map((one) => one.innerText)";
const HOSTILE = [
  "plain",
  "<img src=x onerror=document.title=1>",
  "\x1b[31mred\x1b]0;title\x07",
  "\u202egnp.exe",
  "x".repeat(1_000_000),
];

async function open(): Promise<ServiceFixture> {
  return await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
}

async function deploy(service: ServiceFixture, id: string, main: string): Promise<void> {
  const yaml =
    `name: ${id}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\nlabels: { team: majors }\n`;
  const folder = await writeBot(`${service.temp}/${id}`, { "main.py": main, "bot-config.yaml": yaml });
  await service.berth("deploy", folder, "--id", id, "--no-wait");
}

Deno.test(
  "the overview says in words what needs a person, and changes by itself",
  NEEDS_BROWSER,
  async () => {
    await using service = await open();
    await using browser = await BrowserFixture.open(service, { expected: /status of 400/ });
    await browser.untilShown("No bots yet.");
    await browser.requireAccessible();
    await deploy(service, "steady", LOOP);
    await deploy(service, "broken", CRASH);
    await browser.untilShown("Needs you");
    // Strings of bots are text, whatever they hold.
    await browser.untilShown("RuntimeError: <b>no</b> API key");
    await browser.until(
      "the counters count",
      "[...document.querySelectorAll('.counter')].some((one) => /^Running\\s+1$/.test(one.innerText))",
    );
    await browser.requireAccessible();

    await pressAll(browser);
    const rows = ROWS;
    await browser.type("#find", "stea");
    await browser.until("it filters", `${rows}.length === 1`);
    assert.deepEqual(await browser.read(rows), ["steady"]);
    await browser.press("Last lines of steady");
    // They go on while they are open.
    const last =
      "Number(/line (\\d+)(?!.*line)/s.exec(document.querySelector('.opened .lines').innerText)[1])";
    await browser.until("its lines are shown", `${last} >= 0`);
    const before = await browser.read<number>(last);
    await browser.until("they go on", `${last} > ${before + 5}`);
    await service.berth("disable", "steady");
    await browser.until("it is disabled", "/Disabled/.test(document.querySelector('td.state').innerText)");

    // Another program writes whatever it likes.
    {
      using database = connectSqlite(`${service.config.runner.dataDir}/berth.sqlite`);
      const insert = database.prepare("INSERT INTO bots (id, document) VALUES (?, ?)");
      const { document } = database.prepare("SELECT document FROM bots WHERE id = 'steady'").get()!;
      const valid = { ...JSON.parse(document as string), id: "wordy", enabled: false };
      insert.run(valid.id, JSON.stringify({ ...valid, config: { berth: { [HOSTILE.at(-1)!]: 1 } } }));
      for (const id of HOSTILE) {
        insert.run(id, JSON.stringify({ id, enabled: true, config: { berth: { labels: id } } }));
      }
    }
    await browser.page.reload();
    await browser.untilShown("<img src=x onerror=document.title=1>");
    await browser.untilShown("gnp.exe");
    const text = await browser.read<string>("document.querySelector('main').innerText");
    assert.ok(text.length < 20_000 && !text.includes("\x1b") && !text.includes("\u202e"), text);
    assert.equal(await browser.read("document.title"), "Berth");
    assert.equal(await browser.read("document.querySelectorAll('main img, main script').length"), 0);
    await browser.requireAccessible();
    await browser.press("Show all 6");
    await browser.until("all problems are shown", "document.querySelectorAll('.problem').length === 6");
    await browser.go(`/bots/${encodeURIComponent(HOSTILE[1]!)}`);
    await browser.untilShown("begin with a letter or digit");
    await browser.requireAccessible();

    await browser.go("/bots/wordy");
    await browser.untilShown("is no setting and is ignored");
    await browser.untilShown("more characters");
    assert.equal(await browser.read(IS_WIDER), false, "the page scrolls sideways");

    for (const theme of ["light", "dark"] as const) await lookByPhone(service, theme);
  },
);

/** Presses all controls that select and order bots, and those of every page. */
async function pressAll(browser: BrowserFixture): Promise<void> {
  const shown = (what: string, ...names: string[]) =>
    browser.until(what, `${ROWS}.join() === ${JSON.stringify(names.join())}`);
  await browser.pressFirst(".counter", "Failing");
  await shown("only one that fails", "broken");
  await browser.pressFirst(".counter", "Failing");
  await shown("both", "broken", "steady");
  await browser.pressFirst(".sort", "Memory");
  await shown("the one that uses memory is first", "steady", "broken");
  assert.match(await browser.read("location.hash"), /order=memory/);
  await browser.pressFirst(".counter", "Ends");
  await shown("the one that ended is first", "broken", "steady");
  await browser.pressFirst(".sort", "State");
  await browser.page.select("#group-by", "team");
  await browser.until(
    "they are grouped",
    "document.querySelector('tr.heading').innerText.startsWith('team: majors')",
  );
  await browser.page.select("#group-by", "");
  await browser.type("#find", "nothing like it");
  await browser.untilShown("No bot matches.");
  await browser.press("Show all");
  await shown("both again", "broken", "steady");

  for (const [before, after] of [["system", "light"], ["light", "dark"], ["dark", undefined]]) {
    await browser.press(`Theme: ${before}`);
    assert.equal(await browser.read("document.documentElement.dataset.theme"), after);
  }
  await browser.pressFirst(".foot button", "Keys");
  await browser.untilShown("Next row");
  await browser.press("Close");
  await browser.until("the list is gone", "document.querySelector('dialog') === null");
  await browser.pressFirst(".skip");
  assert.equal(await browser.read("document.activeElement.id"), "main");
  await browser.pressFirst(".side a", "Schedules");
  await browser.untilShown("No schedules yet.");
  await browser.go("/nowhere");
  await browser.untilShown("There is no such page.");
  await browser.pressFirst(".link", "All bots");
  await browser.press("Open broken");
  await browser.until("its page is open", "document.querySelector('h1').innerText === 'broken'");
  await browser.press("All bots");
  await shown("all", "broken", "steady");
}

async function lookByPhone(service: ServiceFixture, theme: "light" | "dark"): Promise<void> {
  await using browser = await BrowserFixture.open(service, { theme, phone: true, expected: /status of 400/ });
  await browser.untilShown("Needs you");
  await browser.untilShown("Log out");
  await browser.requireAccessible();
  assert.equal(await browser.read(IS_WIDER), false, "the page scrolls sideways");
  await browser.go("/bots/broken");
  await browser.until(
    "its ends and its log are there",
    "document.querySelector('.end .lines') && document.querySelector('.log-line')",
  );
  await browser.requireAccessible();
  assert.equal(await browser.read(IS_WIDER), false, "the page scrolls sideways");
}
