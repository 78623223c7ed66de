/** The page of a bot, in a browser, against the real service with running bots. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { until } from "../support/until.ts";

/** Lines that would be markup, escape sequences, another direction of writing or a megabyte long. */
const HOSTILE = String.raw`import json, sys, time
def main(id, config):
    print('<img src=x onerror="document.title=1"><script>document.title=2</script>')
    print('\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[38;2;300;0;0mtrue\x1b[999;;m and \x1b[')
    print('\u202egnp.exe \u2066 and \u200f end')
    print('x' * 1000000)
    print('{"level": "error", "msg": "folded", "id": 12345678901234567890, "__proto__": {"a": 1}, "deep": {"a": [1]}}')
    print(json.dumps({"_metric": "<b>equity</b>", "value": 1.5}))
    print('{"_metric": "equity", "value": NaN}')
    print(json.dumps({"_metric": "equity", "value": "12"}))
    print(json.dumps({"_metric": "equity", "value": 10412.80}))
    for name in 'abcdef': print(json.dumps({"_metric": name, "value": 1}), flush=True)
    print('on stderr', file=sys.stderr, flush=True)
    while True: time.sleep(0.1)
`;
const FLOOD = `import time
def main(id, config):
    number = 0
    while True:
        end = time.time() + 0.1
        for _ in range(100):
            number += 1
            print('line', number)
        print(end='', flush=True)
        time.sleep(max(0, end - time.time()))
`;
const LOOP =
  "import time\ndef main(id, config):\n    print('ready', flush=True)\n    while True: time.sleep(0.1)\n";

async function open(): Promise<ServiceFixture> {
  return await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, LOG_INTERVAL: "1" },
  });
}

async function deploy(
  service: ServiceFixture,
  main: string,
  files: Record<string, string> = {},
): Promise<void> {
  const folder = await writeBot(`${service.temp}/bot`, { "main.py": main, ...files });
  const { code, output } = await service.berth("deploy", folder, "--id", "my-bot");
  assert.equal(code, 0, output);
}

const LINES = "[...document.querySelectorAll('.log-line .log-text')].map((one) => one.innerText)";
const STATE = "document.querySelector('.top .chip').innerText";

Deno.test(
  "a bot's page shows its log, figures and configuration, and whatever it prints is text",
  NEEDS_BROWSER,
  async () => {
    await using service = await open();
    await deploy(service, HOSTILE, {
      "config.json": '{ "symbol": "<b>BTC</b>", "order": 12345678901234567890 }',
    });
    await using browser = await BrowserFixture.open(service, { place: "/bots/my-bot" });
    await browser.until("the lines are there", `${LINES}.some((text) => text.includes('on stderr'))`);
    const lines = await browser.read<string[]>(LINES);
    assert.ok(lines.includes('<img src=x onerror="document.title=1"><script>document.title=2</script>'));
    assert.ok(lines.some((text) => text.startsWith("red  true and ")), lines.join("\n"));
    assert.equal(await browser.read("document.title"), "my-bot · Berth");
    assert.equal(
      await browser.read("getComputedStyle(document.querySelector('.ansi-red')).color !== ''"),
      true,
    );
    assert.ok(Math.max(...lines.map((text) => text.length)) < 1500, "a long line is cut off in its row");
    assert.ok(!lines.join("").includes("\u202e"), "a mark of direction is not left in");

    await browser.read(
      "[...document.querySelectorAll('.log-line')].find((one) => /folded/.test(one.innerText)).click()",
    );
    await browser.untilShown('"id": 12345678901234567890');
    await browser.requireAccessible();
    await browser.press("Copy");
    await browser.until(
      "it says so",
      "/Copied|does not allow/.test(document.querySelector('.details').innerText)",
    );
    await browser.press("Close");
    await browser.until("the line is closed", "document.querySelector('.details') === null");
    await browser.page.select("#level", "error");
    await browser.until("only errors", `${LINES}.some((text) => /folded/.test(text)) && ${LINES}.length < 4`);
    await browser.page.select("#level", "");
    await browser.press("stderr");
    await browser.until("without stderr", `${LINES}.length > 4 && !${LINES}.includes('on stderr')`);
    await browser.press("stderr");
    await browser.until("with stderr", `${LINES}.includes('on stderr')`);
    const charts = "document.querySelectorAll('.chart').length";
    await browser.pressFirst(".hint button", "Show");
    await browser.until("all charts are there", `${charts} > 8`);
    await browser.press("1 h");
    const chosen = "document.querySelector('.between [aria-pressed=true]').innerText";
    assert.equal(await browser.read(chosen), "1 h");
    await browser.press("15 min");
    await zoom(browser);
    // The metric that is a string and the one that is no number are not drawn.
    await browser.until(
      "its metric is a chart",
      `[...document.querySelectorAll('.chart')].some((one) =>
    one.innerText.startsWith('equity') && one.innerText.includes('10,412.8'))`,
    );
    await browser.untilShown("<b>equity</b>");
    await browser.untilShown('"order": 12345678901234567890');
    assert.equal(await browser.read("document.querySelectorAll('main b, main img, main script').length"), 2);
  },
);

/** Drags over a chart, and shows all again. */
async function zoom(browser: BrowserFixture): Promise<void> {
  const chart = (await browser.page.$(".chart .u-over"))!;
  await chart.scrollIntoView();
  const { x, y, width, height } = (await chart.boundingBox())!;
  const { mouse } = browser.page;
  await mouse.move(x + width / 4, y + height / 2);
  await mouse.down();
  await mouse.move(x + width / 2, y + height / 2, { steps: 4 });
  await mouse.up();
  const isZoomed = "/\\d to .*×/.test(document.querySelector('.between').innerText)";
  await browser.until("it is zoomed", isZoomed);
  await browser.pressFirst(".between > button");
  await browser.until("all is shown again", `!${isZoomed}`);
}

Deno.test(
  "the actions of a bot's page ask first, show what goes on, and say how it ended",
  NEEDS_BROWSER,
  async () => {
    await using service = await open();
    await deploy(service, LOOP);
    const first = await service.client.call("getBot", { params: { id: "my-bot" } });
    await using browser = await BrowserFixture.open(service, { place: "/bots/my-bot" });
    await browser.press("Restart");
    await browser.untilShown("Restart my-bot?");
    await browser.requireAccessible();
    await browser.page.keyboard.press("Escape");
    await browser.until("the question is gone", "document.querySelector('dialog') === null");
    await browser.press("Restart");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.untilShown("It is running.");
    const second = await service.client.call("getBot", { params: { id: "my-bot" } });
    assert.notEqual(second.containerId, first.containerId);
    assert.match(second.start!.actor!, /session of local/);
    await browser.untilShown("restart asked for");

    await browser.press("Disable");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.until("it is disabled", `${STATE} === 'Disabled'`);
    await browser.press("Enable");
    await browser.until("it runs", `${STATE} === 'Running'`);

    await deploy(service, LOOP.replace("ready", "another"), { "config.json": '{ "size": 2 }' });
    await browser.untilShown("revision 2");
    await browser.press("Compare");
    await browser.untilShown("config.size");
    await browser.requireAccessible();
    await browser.read(
      "[...document.querySelectorAll('button')].find((one) => /^Roll back/.test(one.innerText)).click()",
    );
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.untilShown("revision 3");
    await until("the earlier one runs", async () => {
      const { state, revision } = await service.client.call("getBot", { params: { id: "my-bot" } });
      return state === "running" && revision!.number === 3;
    });

    await service.berth("disable", "my-bot");
    await browser.until("it is disabled", `${STATE} === 'Disabled'`);
    for (let size = 3; size < 7; size++) {
      const folder = await writeBot(`${service.temp}/bot`, { "config.json": `{ "size": ${size} }` });
      await service.berth("deploy", folder, "--id", "my-bot", "--no-wait");
    }
    await browser.pressFirst("[aria-labelledby=versions] .more button", "Show all");
    await browser.until("the first is there", "document.querySelectorAll('.revision').length >= 7");
    const happened = "document.querySelectorAll('.history li').length";
    await browser.pressFirst("[aria-labelledby=history] .more button", "Show earlier");
    await browser.until("what was before is there", `${happened} > 12`);
    await browser.pressFirst(".end a", "The log before it");
    await browser.until("it reads from there", `${LINES}.length > 0 && location.hash.includes("at=")`);
    await browser.press("Remove");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.untilShown("No bots yet.");
  },
);

Deno.test(
  "the log follows 1,000 lines a second, pauses, goes back, searches and jumps",
  NEEDS_BROWSER,
  async () => {
    await using service = await open();
    await deploy(service, FLOOD);
    await using browser = await BrowserFixture.open(service, { place: "/bots/my-bot" });
    const last = `Number(${LINES}.at(-1).split(' ')[1])`;
    await browser.until("it is live", `${LINES}.length > 0 && ${last} > 3000`);
    // The service may have printed more than the browser shows, but not for long.
    const before = await browser.read<number>(last);
    await browser.until("it keeps up", `${last} > ${before + 2000}`);
    assert.ok(await browser.read("document.querySelectorAll('.log-line').length < 120"));
    await browser.press("Pause");
    await browser.untilShown("new lines");
    const paused = await browser.read<string[]>(LINES);
    await browser.until(
      "more wait",
      "parseInt(document.querySelector('.news').innerText.replace(',', '')) > 1000",
    );
    assert.deepEqual(await browser.read(LINES), paused);

    await browser.read("document.querySelector('.log-lines').scrollTop = 0");
    await browser.until("earlier lines come", `(document.querySelector('.log-lines').scrollTop > 1000)`);
    await browser.until(
      "the first line comes",
      `(() => {
    document.querySelector('.log-lines').scrollTop = 0;
    return ${LINES}[0] === 'line 1';
  })()`,
    );

    await browser.type("#find-line", "line 777");
    await browser.until("it is found", `${LINES}[0] === 'line 777'`);
    await browser.page.$eval("#find-line", (input) => (input as { value?: string }).value = "");
    await browser.type("#find-line", "/^line 12[34]$/");
    await browser.until("two are found", `${LINES}.join() === 'line 123,line 124'`);
    await browser.read("document.querySelector('.log-line').click()");
    await browser.press("Show what came around it");
    await browser.until("it reads from there", `${LINES}.includes('line 123') && ${LINES}.length > 20`);
    await browser.press("Follow");
    await browser.until("it is live again", `${LINES}.length > 0 && ${last} > ${before + 2000}`);

    await browser.press("Pause");
    await browser.until("new lines wait", "document.querySelector('.news') !== null");
    await browser.pressFirst(".news");
    const mode = "document.querySelector('.panel.log .note').innerText";
    await browser.until("it is live once more", `${mode} === 'live'`);
    const { start } = await service.client.call("getBot", { params: { id: "my-bot" } });
    await browser.press("Jump to time");
    // The field takes the time of the browser.
    await browser.read(`(() => {
      const at = new Date(${JSON.stringify(start!.at)});
      document.querySelector('#jump').value = new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    })()`);
    await browser.press("Go");
    await browser.until("it begins there", `${LINES}[0] === 'line 1'`);
  },
);
