/** A bot with a trading session runs only within it, whoever asks for a start. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const ID = "my-bot";
/** A session starts and stops its bot by this; a reconcile would come after 60 s. */
const FAR_BEFORE_RECONCILE_MS = 20_000;
const MINUTE_MS = 60_000;

const MAIN = `
import time

def main(id, config):
    print("begun", flush=True)
    while True: time.sleep(0.05)

def on_stop(id, config, reason):
    print("told " + reason, flush=True)
`;

/** Writes a calendar with one session, which has opened in this minute and closes after an hour. */
async function writeCalendar(service: ServiceFixture): Promise<{ openedAt: number; closesAt: number }> {
  const openedAt = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const closesAt = openedAt + 60 * MINUTE_MS;
  const [date, next] = [openedAt, closesAt].map((at) => new Date(at).toISOString().slice(0, 10));
  const clock = (at: number) => new Date(at).toISOString().slice(11, 16);
  const closes = `${date === next ? "" : "+1d "}${clock(closesAt)}`;
  const calendar = {
    zone: "UTC",
    covers: { from: date, to: next },
    weeks: [{ from: date }],
    special: { [date!]: [[clock(openedAt), closes]] },
  };
  await Deno.mkdir(`${service.config.runner.dataDir}/calendars`, { recursive: true });
  await Deno.writeTextFile(`${service.config.runner.dataDir}/calendars/test.json`, JSON.stringify(calendar));
  return { openedAt, closesAt };
}

async function deploy(service: ServiceFixture, session: string): Promise<{ code: number; output: string }> {
  const folder = await writeBot(`${service.temp}/bot`, {
    "main.py": MAIN,
    "bot-config.yaml":
      `name: ${ID}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\nsession: ${session}\n`,
  });
  return await service.berth("deploy", folder, "--no-wait");
}

const stateOf = ({ composed }: ServiceFixture) => composed.bots.state.getRunningBot(ID);

Deno.test("a session starts a bot at its second, stops it at its end with the reason, and nothing starts it after", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "60" } });
  const { openedAt, closesAt } = await writeCalendar(service);
  const startsAt = Math.ceil(Date.now() / 1000) * 1000 + 6000;
  const endsAt = startsAt + 8000;
  const seconds = (ms: number) => `${ms < 0 ? "-" : "+"}${Math.abs(ms) / 1000}s`;
  const session = `{ calendar: test, start: "${seconds(startsAt - openedAt)}", end: "${
    seconds(endsAt - closesAt)
  }" }`;
  const { code, output } = await deploy(service, session);
  assert.equal(code, 0, output);
  await until("it waits for its session", () => stateOf(service)?.condition.type === "outside-session");
  assert.match(
    (await service.berth("ps")).stdout,
    /outside its session: test has no session now \(starts at /,
  );
  await until("it runs", () => stateOf(service)?.condition.type === "running");
  const started = stateOf(service)!.startedAt!.getTime() - startsAt;
  console.log(`begin to start: ${started} ms`);
  assert.ok(
    started >= 0 && started < FAR_BEFORE_RECONCILE_MS,
    `started ${started} ms after the beginning of its session`,
  );
  await until("it is stopped", () => stateOf(service)?.condition.type === "outside-session");
  const starts = composedStarts(service);
  const { stdout } = await service.berth("logs", ID, "--json");
  const told = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line)).find(({ text }) =>
    text === "told session over"
  );
  const late = Date.parse(told.time) - endsAt;
  console.log(`end to on_stop: ${late} ms`);
  assert.ok(late >= 0 && late < FAR_BEFORE_RECONCILE_MS, `told ${late} ms after the end of its session`);
  const restart = await service.berth("restart", ID);
  assert.notEqual(restart.code, 0);
  assert.match(restart.output, /is outside its session: test has no session now/);
  for (const command of ["disable", "enable"]) await service.berth(command, ID);
  await deploy(service, session.replace("test,", "test, "));
  await until("it is enabled again", () => stateOf(service)?.condition.type === "outside-session");
  assert.equal(composedStarts(service), starts);
  assert.equal(stateOf(service)?.containerId, undefined);
  console.log(`start ${started} ms, stop ${late} ms after its second`);
});

Deno.test("a broken calendar is said with its path, stops nobody, and does not concern other bots", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await writeCalendar(service);
  const { code, output } = await deploy(service, "{ calendar: test }");
  assert.equal(code, 0, output);
  await until("it runs", () => stateOf(service)?.condition.type === "running");
  const { containerId } = stateOf(service)!;
  const path = `${service.config.runner.dataDir}/calendars/test.json`;
  await Deno.writeTextFile(path, '{ "closed": 1 }');
  await until("its condition says so", () => {
    service.composed.bots.wake(ID);
    return stateOf(service)?.condition.type === "invalid";
  });
  const { condition, containerId: now } = stateOf(service)!;
  assert.ok(
    condition.type === "invalid" && condition.reason.includes(`${path}: `),
    JSON.stringify(condition),
  );
  assert.equal(now, containerId);
  const unknown = await deploy(service, "{ calendar: XNYX }");
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.output, /session\.calendar: the calendar "XNYX" is not known; did you mean XNYS\?/);
});

Deno.test("a slot on a closed day is recorded as skipped with the reason, and a person may run it", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const slot = new Date(Date.now() + 6000);
  const [date] = slot.toISOString().split("T");
  const calendar = { zone: "UTC", covers: { from: date, to: date }, weeks: [{ from: date }] };
  const folder = `${service.config.runner.dataDir}/calendars`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/test.json`, JSON.stringify(calendar));
  const times = `${slot.getUTCSeconds()} ${slot.getUTCMinutes()} ${slot.getUTCHours()} * * *`;
  const bot = await writeBot(`${service.temp}/bot`, {
    "main.py": "def main(id, config):\n    return {}\n",
    "bot-config.yaml": `name: ${ID}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\n` +
      `schedule: "${times}"\ncalendar: test\n`,
  });
  const { code, output } = await service.berth("deploy", bot, "--no-wait");
  assert.equal(code, 0, output);
  const described = await service.berth("describe", ID);
  assert.match(described.stdout, /on days of test/);
  assert.match(described.stdout, /the calendar test ends on/);
  await until("the slot is recorded", async () => {
    const { stdout } = await service.berth("runs", ID);
    return stdout.includes(`test is closed on ${date}`);
  });
  const now = await service.berth("run-now", "--follow", ID);
  assert.equal(now.code, 0, now.output);
});

function composedStarts({ composed }: ServiceFixture): number {
  return composed.bots.state.getMetrics().starts;
}
