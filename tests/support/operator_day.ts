/**
 * The day of an operator, on whatever runs the bots.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CommandOutcome } from "./fixtures/cli_support.ts";
import { until } from "./until.ts";

/** A service that an operator works with. */
export interface OperatedService {
  /** A folder for the operator's files. */
  readonly temp: string;
  /** Runs a command. */
  berth(...args: string[]): Promise<CommandOutcome>;
}

/** Bots that fail, and what an operator reads of each. */
const FAULTS = [
  { what: "a syntax error", code: "def main(id, config)\n    pass\n", shown: /SyntaxError/ },
  {
    what: "an import of what is not there",
    code: "import pandaz\ndef main(id, config): pass\n",
    shown: /ModuleNotFoundError.*pandaz/,
  },
  {
    what: "a crash",
    code: "import time\ndef main(id, config):\n    time.sleep(0.5)\n    raise ValueError('no price')\n",
    shown: /ValueError: no price/,
  },
  {
    what: "too much memory",
    code: "def main(id, config):\n    kept = []\n    while True: kept.append(bytearray(16_000_000))\n",
    shown: /out of memory/,
  },
] as const;

const LOOP = (word: string) =>
  `import time\ndef main(id, config):\n    print("${word}", flush=True)\n    while True: time.sleep(0.05)\n`;
const JOB =
  `import json\ndef main(id, config):\n    print("the job runs", flush=True)\n    return {"profit": 9223372036854775807}\n`;

/** The day of an operator, with nothing but the command line. */
export async function workADay(service: OperatedService): Promise<void> {
  const id = `day-${crypto.randomUUID().slice(0, 8)}`;
  const folder = `${service.temp}/${id}`;
  const write = (code: string) => Deno.writeTextFile(`${folder}/main.py`, code);
  const run = async (...args: string[]) => {
    const outcome = await service.berth(...args);
    assert.equal(outcome.code, 0, `berth ${args.join(" ")}\n${outcome.output}`);
    return outcome;
  };
  const stateOf = async () => {
    const listed: { bots: { id: string; state: string }[] } = JSON.parse((await run("ps", "--json")).stdout);
    return listed.bots.find((one) => one.id === id)?.state;
  };

  await run("init", folder);
  assert.match((await run("deploy", folder)).output, new RegExp(`^${id} runs, and has stayed up`, "m"));
  assert.equal(await stateOf(), "running");

  await write(LOOP("the first words"));
  await run("deploy", folder);
  assert.match((await run("logs", id)).stdout, /the first words/);
  await run("restart", id);
  await until("the bot runs again", async () => await stateOf() === "running");

  for (const { what, code, shown } of FAULTS) {
    await write(code);
    const { code: exit, output } = await service.berth("deploy", folder);
    assert.equal(exit, 1, `${what}: ${output}`);
    assert.match(output, shown, `${what}: ${output}`);
    // The last exit is known as soon as the bot waits for its next start.
    await until(`describe tells of ${what}`, async () => shown.test((await run("describe", id)).output));
  }
  await write(LOOP("mended"));
  await run("deploy", folder);
  assert.equal(await stateOf(), "running");
  const { output: description } = await run("describe", id);
  assert.match(description, /^ {2}Last output {2}20\S+Z \(.* ago\)$/m);
  assert.match(description, /^Stored versions\n {2}1\.0\.0\+[0-9a-f]{16} .* old, deployed\n {2}1\.0\.0/m);

  await run("disable", id);
  await until("the bot is disabled", async () => await stateOf() === "disabled");
  await run("enable", id);
  await until("the bot runs", async () => await stateOf() === "running");

  const job = `${id}-job`;
  const jobFolder = `${service.temp}/${job}`;
  await run("init", jobFolder, "--schedule");
  await Deno.writeTextFile(`${jobFolder}/main.py`, JOB);
  // A slot of its own beside the run that is asked for would be skipped, and stand first in the list.
  const settings = `${jobFolder}/bot-config.yaml`;
  const text = await Deno.readTextFile(settings);
  await Deno.writeTextFile(settings, text.replace("*/5 * * * *", "0 0 1 1 *"));
  await run("deploy", jobFolder);
  assert.match((await run("schedules")).stdout, new RegExp(job));
  await run("run-now", job);
  interface Run {
    readonly id: string;
    readonly state: string;
    readonly trigger: string;
  }
  let runs: Run[] = [];
  await until("the end of the run", async () => {
    const listed = JSON.parse((await run("runs", job, "--json")).stdout);
    runs = Array.isArray(listed) ? listed : listed.runs;
    return runs[0]?.state === "succeeded";
  });
  assert.equal(runs[0]!.trigger, "manual");
  assert.match((await run("run-log", runs[0]!.id)).stdout, /the job runs/);

  await run("remove", id, job, "--yes");
  await until("nothing of the bot runs", async () => await stateOf() === undefined);
  assert.match((await run("logs", id)).stdout, /mended/);
  await run("remove", id, "--purge", "--yes").catch(() => {});
}
