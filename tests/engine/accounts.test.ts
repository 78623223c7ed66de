/** One bot, or run of a schedule, at a time holds an account at an exchange. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const MAIN = `
import os, time

def main(id, config):
    print("epoch", os.environ["ACCOUNT_EPOCH"], os.environ["ACCOUNT_EPOCHS"], flush=True)
    if os.environ["BOT_TYPE"] == "scheduled": return {"epoch": os.environ["ACCOUNT_EPOCH"]}
    while True: time.sleep(0.05)
`;

async function deploy(service: ServiceFixture, name: string, more = ""): Promise<string> {
  const folder = await writeBot(`${service.temp}/${name}`, {
    "main.py": MAIN,
    "bot-config.yaml": `name: ${name}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\n` +
      `accounts: ["binance:main"]\n${more}`,
  });
  const { output } = await service.berth("deploy", folder, "--no-wait");
  return output;
}

const conditionOf = ({ composed }: ServiceFixture, id: string) =>
  composed.bots.state.getRunningBot(id)?.condition;

async function untilPrinted(service: ServiceFixture, id: string, text: string): Promise<void> {
  await until(`${id} prints ${text}`, async () => {
    const lines = await Array.fromAsync(service.composed.runner.readLogs(id, { tail: 5 }));
    return lines.some((line) => line.text === text);
  });
}

Deno.test("the second bot of an account waits until the first has ended, through a restart of Berth, and so does a run", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, "first");
  await untilPrinted(service, "first", 'epoch 1 {"binance:main":1}');
  await deploy(service, "second");
  await until("it waits", () => conditionOf(service, "second")?.type === "waiting");
  const { output } = await service.berth("ps");
  assert.match(output, /second .*waiting for account binance:main: held by bot first since \d{4}-/);
  const described = await service.berth("describe", "second");
  assert.match(described.output, /Accounts +binance:main/);
  assert.match(
    described.output,
    /It starts by itself once 'first' has ended: 'berth disable first' ends it\./,
  );

  await service.stop();
  await service.start();
  await until("the first one is found", () => conditionOf(service, "first")?.type === "running");
  await until("the second one waits", () => conditionOf(service, "second")?.type === "waiting");

  await deploy(service, "report", 'schedule: "* * * * * *"\nstarting_deadline_seconds: 30\n');
  const runsOf = async () => (await service.client.call("listRuns", { query: { schedule: "report" } })).runs;
  await until(
    "its run waits",
    async () =>
      (await runsOf()).some(({ reason }) =>
        /^waiting: account binance:main: held by bot first/.test(reason ?? "")
      ),
  );
  await service.berth("disable", "second");

  // A new version of the holder keeps the account, whoever waits for it.
  await service.berth("restart", "first");
  await untilPrinted(service, "first", 'epoch 2 {"binance:main":2}');

  await service.berth("disable", "first");
  await until("the run is over", async () => (await runsOf()).some(({ state }) => state === "succeeded"));
  await service.berth("disable", "report");
  await service.berth("enable", "second");
  await until("the second one runs", () => conditionOf(service, "second")?.type === "running");
  const [held] = await service.composed.stores.leases.listHeld("account/");
  assert.ok(held!.epoch > 3);
  await untilPrinted(service, "second", `epoch ${held!.epoch} {"binance:main":${held!.epoch}}`);
  await service.berth("remove", "second");
  await until(
    "nothing is held",
    async () => (await service.composed.stores.leases.listHeld("")).length === 0,
  );
});
