/**
 * Entry of `berth demo --cluster`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { EXIT } from "../../cli/context.ts";
import { createTerminal } from "../../cli/output/terminal.ts";
import { stopSignal } from "../../cli/stop_signal.ts";
import { DOCKER_HOST } from "../../tests/support/fixtures/engine_support.ts";
import { findLabObstacle } from "../lab/lab_programs.ts";
import { presentImages } from "../lab/present_images.ts";
import { runClusterDemo } from "./cluster_demo.ts";

/** Short intervals, so that nobody has to wait for long; the variable `LEASE_SECONDS` changes the lease. */
const HEARTBEAT_SECONDS = 2;
const LEASE_SECONDS = "10";

const signal = stopSignal();
const isScreen = Deno.stdout.isTerminal();
const terminal = createTerminal({
  color: isScreen && !Deno.env.get("NO_COLOR"),
  interactive: Deno.stderr.isTerminal(),
  isScreen,
});
Deno.exit(await run());

async function run(): Promise<number> {
  try {
    parseArgs({ args: Deno.args, options: { cluster: { type: "boolean" } } });
  } catch {
    terminal.note("berth: 'demo --cluster' takes no other option.\n'berth demo --help' says more.");
    return EXIT.usage;
  }
  const leaseSeconds = Number(Deno.env.get("LEASE_SECONDS") || LEASE_SECONDS);
  if (!Number.isInteger(leaseSeconds) || leaseSeconds < 3 || leaseSeconds > 3600) {
    terminal.note("berth: LEASE_SECONDS must be a whole number of seconds from 3 to 3600.");
    return EXIT.usage;
  }
  const obstacle = findLabObstacle();
  if (obstacle !== undefined) {
    terminal.note(
      `berth: The demo of a cluster needs ${obstacle}. 'sudo ./berth demo --cluster' installs what is missing.`,
    );
    return EXIT.unavailable;
  }
  try {
    await runClusterDemo({
      // Another demo has another name: both can run at once.
      name: `demo-${Deno.pid}`,
      images: await presentImages(),
      dockerHost: DOCKER_HOST,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      leaseSeconds,
      terminal,
      signal,
    });
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    terminal.note(`berth: ${(error as Error).message}`);
    return EXIT.failed;
  }
}
