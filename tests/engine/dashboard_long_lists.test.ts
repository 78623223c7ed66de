/** Lists that are longer than a page shows at once, and a page that is older than its service, in a browser. */

import { parseExecutable } from "../../lib/executable/executable.ts";
import { backtestId, writeBacktest } from "../../services/backtests/backtest_record.ts";
import { openedEvent } from "../../services/notifications/notification_event.ts";
import { Outbox } from "../../services/notifications/outbox.ts";
import { runId, type RunRecord } from "../../services/schedules/run_repository.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../services/sqlite/sqlite_record_store.ts";
import { SqliteRunRepository } from "../../services/sqlite/sqlite_run_repository.ts";
import { BrowserFixture, NEEDS_BROWSER, SERVICE_GONE } from "../support/fixtures/browser_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";

const SCHEDULES = 101;
const ENTRIES = 60;
const FIRST = "schedule-000";
const DAY_MS = 86_400_000;

/** Makes the data that days of work leave behind. */
async function fill(service: ServiceFixture): Promise<void> {
  for (let n = 0; n < SCHEDULES; n++) {
    const id = `schedule-${String(n).padStart(3, "0")}`;
    const code = {
      version: "1.0.0",
      filePath: "bot/1",
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    };
    const body = { config: { schedule: "0 0 1 1 *" }, custom: code };
    await service.client.call("putSchedule", { params: { id }, body });
  }
  using database = connectSqlite(`${service.config.runner.dataDir}/berth.sqlite`);
  const records = new SqliteRecordStore(database);
  await records.open();
  const outbox = new Outbox(records, "test");
  const runs: RunRecord[] = [];
  for (let n = 1; n <= ENTRIES; n++) {
    const now = Date.now() - n * DAY_MS / 10;
    const event = openedEvent(
      { kind: "bot.oom", bot: "one", severity: "warning", title: `event ${n}`, text: "" },
      { instance: "test", now, suffix: "00" },
    );
    await outbox.add(event, "hook", now);
    await outbox.end(outbox.waitingFor("hook")[0]!, "delivered", now);
    const executable = parseExecutable({
      id: "one",
      runtime: "python3.11",
      entrypoint: "backtest",
      entrypointFiles: { backtest: "main.py" },
      filePath: "bot/1",
      config: "{}",
    });
    const at = new Date(now);
    await records.insert(
      "backtests",
      backtestId(now, "00000000"),
      writeBacktest({
        id: "",
        executable,
        state: "cancelled",
        requestedBy: "somebody",
        queuedAt: at,
        finishedAt: at,
      }),
    );
    const slot = Math.floor(now / 1000);
    runs.push({
      id: runId(FIRST, slot),
      scheduleId: FIRST,
      slot,
      trigger: "schedule",
      state: "skipped",
      reason: "the day before",
      instance: "test",
      seenAt: at,
      claimedAt: at,
      finishedAt: at,
      attempt: 0,
    });
  }
  await new SqliteRunRepository(database).insert(runs);
}

Deno.test("the rest of a long list comes when it is asked for", NEEDS_BROWSER, async () => {
  await using service = await ServiceFixture.open({ env: { HTTP_ADDR: `127.0.0.1:${freePort()}` } });
  await fill(service);
  await using browser = await BrowserFixture.open(service, {
    place: "/schedules",
    expected: /status of (409|503)/,
  });
  const count = async (selector: string, wanted: number) =>
    await browser.until(
      `${wanted} of ${selector}`,
      `document.querySelectorAll(${JSON.stringify(selector)}).length === ${wanted}`,
    );
  await browser.press(`Show the times of ${SCHEDULES} schedules`);
  await browser.until("the week is there", "document.querySelector('ol.week') !== null");
  for (
    const [place, selector, button] of [
      [`/schedules/${FIRST}`, ".run-list > li", "Show earlier runs"],
      ["/backtests", "table.backtests tbody tr", "Show more"],
      ["/notifications", ".delivery", "Show earlier"],
    ] as const
  ) {
    await browser.go(place);
    await count(selector, 50);
    await browser.press(button);
    await count(selector, ENTRIES);
    await browser.until(
      "there is no more",
      `![...document.querySelectorAll('button')].some((one) => one.innerText === ${JSON.stringify(button)})`,
    );
    await browser.requireAccessible();
  }
});

Deno.test("a page says that another version of Berth runs, and loads that one", NEEDS_BROWSER, async () => {
  await using service = await ServiceFixture.open({ env: { HTTP_ADDR: `127.0.0.1:${freePort()}` } });
  const expected = new RegExp(`${SERVICE_GONE.source}|status of 409`);
  await using browser = await BrowserFixture.open(service, { expected });
  await browser.untilShown("No bots yet.");
  const about = await service.client.call("getService", {});
  await service.stop();
  await browser.untilShown("Not connected.");
  // There is only one version to start, so the browser gets the answer of another.
  let isOther = true;
  await browser.page.setRequestInterception(true);
  browser.page.on("request", (request) => {
    if (isOther && new URL(request.url()).pathname === "/api/service") {
      void request.respond({
        contentType: "application/json",
        body: JSON.stringify({ ...about, version: "9.9.9" }),
      });
    } else void request.continue();
  });
  await service.start();
  await browser.untilShown("Another version of Berth runs now.");
  await browser.requireAccessible();
  isOther = false;
  await browser.press("Reload");
  await browser.until("it is loaded anew", "!document.body.innerText.includes('Another version')");
  await browser.untilShown("No bots yet.");
  await browser.until(
    "the version of the service is shown",
    `document.querySelector('.side .foot').innerText.includes(${JSON.stringify(about.version)})`,
  );
});
