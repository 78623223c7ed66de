/**
 * `berth demo --cluster`, as a user runs it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LAB_ROOT } from "../../scripts/lab/lab.ts";
import { DOCKER_HOST, IMAGES } from "../support/fixtures/engine_support.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { remainsOf } from "../support/lab_remains.ts";
import { type BerthProcess, startProgram } from "../support/processes/berth_process.ts";
import { until } from "../support/until.ts";

const LIMIT_MS = 180_000;

function startDemo(leaseSeconds: string): BerthProcess {
  const images = ["python3.11", "nodejs20"].map((runtime) => `${runtime}=${IMAGES[runtime]}`).join();
  return startProgram({
    PATH: Deno.env.get("PATH") ?? "",
    BERTH_LAB_DIR: LAB_ROOT,
    LEASE_SECONDS: leaseSeconds,
    RUNTIME_IMAGES: images,
    DOCKER_HOST,
  }, ["-A", "scripts/cluster_demo/main.ts", "--cluster"]);
}

const folderOf = ({ pid }: BerthProcess) => `${LAB_ROOT}/demo-${pid}`;

async function untilGone(demo: BerthProcess): Promise<void> {
  await until("the end of the demo's cluster", async () => (await remainsOf(folderOf(demo))).length === 0);
}

testInLab("berth demo --cluster shows a bot that moves with its state, and leaves nothing", async () => {
  const killed = startDemo("4");
  await killed.logged(/The cluster is there/, LIMIT_MS);
  assert.notDeepEqual(await remainsOf(folderOf(killed)), []);
  await killed.kill();

  await using demo = startDemo("4");
  const [, from] = /(node-\d) is gone/.exec(await demo.logged(/POWER OFF/, LIMIT_MS))!;
  await demo.logged(new RegExp(`The Swarm says that ${from} is down`), LIMIT_MS);
  const [, to] = /running on (node-\d)/.exec(
    await demo.logged(new RegExp(`Berth says of counter: running on (?!${from})`), LIMIT_MS),
  )!;
  assert.equal((await demo.status).code, 0, demo.lines.join("\n"));
  const story = demo.lines.join("\n");
  assert.match(story, /\| count 1, LEASE_EPOCH 1\n[^]*POWER OFF/);
  assert.match(story, /POWER OFF[^]*state restored from snapshot[^]*\| count [2-9], LEASE_EPOCH 2\n/);
  assert.match(
    story,
    new RegExp(`Away: +\\d+\\.\\d s, from the last count on ${from} to the first on ${to}`),
  );
  assert.match(story, /it went on with [2-9], after the \d of its last snapshot/);
  assert.deepEqual(await remainsOf(folderOf(demo)), []);
  await untilGone(killed);
});

if (fullOrShort(true, false)) {
  testInLab("berth demo --cluster removes everything when Ctrl-C ends it", async () => {
    for (const moment of [/Three nodes start/, /The cluster is there/, /LEASE_EPOCH 1/, /POWER OFF/]) {
      await using demo = startDemo("10");
      await demo.logged(moment, LIMIT_MS);
      demo.signal("SIGINT");
      assert.equal((await demo.status).code, 130, demo.lines.join("\n"));
      assert.deepEqual(await remainsOf(folderOf(demo)), []);
    }
  });
}
