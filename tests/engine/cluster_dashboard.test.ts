/** The nodes of a cluster in the dashboard, in a browser. */

import assert from "node:assert/strict";
import { BrowserFixture, NEEDS_BROWSER } from "../support/fixtures/browser_fixture.ts";
import { ClusterFixture } from "../support/fixtures/cluster_fixture.ts";
import { testInLab } from "../support/fixtures/lab_fixture.ts";

const PROGRAM = `
import time
def main(id, config):
    while True: time.sleep(0.1)
`;
/** The page's facts about a node. */
const FACTS =
  "Object.fromEntries([...document.querySelectorAll('dt')].map((one) => [one.innerText, one.nextElementSibling.innerText]))";

if (!NEEDS_BROWSER.ignore) {
  testInLab("an operator drains a node in the dashboard, and has it take bots again", async () => {
    await using cluster = await ClusterFixture.open({ nodes: 2, heartbeatSeconds: 1 });
    await cluster.deploy(["left", "right"], PROGRAM);
    await using browser = await BrowserFixture.open(cluster, { through: await cluster.lab.reach(8420) });
    await browser.until(
      "both nodes take bots",
      `/^Ready 1 bot\\b/.test(${FACTS}["node-1"]) && ${FACTS}["node-2"]`,
    );
    await browser.requireAccessible();
    await browser.press("Drain: node-1");
    await browser.read("document.querySelector('dialog .primary').click()");
    await browser.until("the node is empty", `/^Cordoned 0 bots\\b.*drained/.test(${FACTS}["node-1"])`);
    assert.deepEqual(await cluster.botsOn(1), []);
    assert.deepEqual((await cluster.botsOn(2)).sort(), ["left", "right"]);
    await browser.requireAccessible();
    await browser.press("Activate: node-1");
    await browser.until("the node takes bots again", `/^Ready 0 bots\\b/.test(${FACTS}["node-1"])`);
  });
}
