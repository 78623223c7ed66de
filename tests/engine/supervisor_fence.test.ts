/**
 * No bot of a cluster outlives its lease, whatever becomes of its supervisor and of Berth.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { SupervisorFixture } from "../support/fixtures/supervisor_fixture.ts";
import { pause } from "../support/until.ts";

/** Ticks until it is killed; a stop does not end it. */
const STUBBORN = `
import signal, time
def on_stop(id, config, reason=None):
    print("on_stop", flush=True)
    while True:
        print("tick", flush=True)
        time.sleep(0.02)
def main(id, config):
    while True:
        print("tick", flush=True)
        time.sleep(0.02)
`;

/** Ends a moment after it was asked to. */
const ENDING = `
import time
def on_stop(id, config, reason=None):
    print("on_stop", flush=True)
    time.sleep(2)
def main(id, config):
    open("/state/file", "w").write("kept")
    print("tick", flush=True)
    while True: time.sleep(0.02)
`;

const LEASE_SECONDS = 3;

/** Starts a bot that ticks, and waits for its first line. Nothing listens at the first of Berth's addresses. */
async function ticking(fixture: SupervisorFixture, more: Record<string, unknown> = {}) {
  const started = await fixture.start({
    files: { "main.py": STUBBORN },
    leaseSeconds: LEASE_SECONDS,
    ...more,
  }, {
    env: { BERTH_URLS: `http://127.0.0.1:1,http://127.0.0.1:${fixture.port}/` },
  });
  await fixture.printed(started.container.id, "tick");
  return started;
}

/** The time of the last line that the bot has printed, in ms since 1970. */
async function lastTick(fixture: SupervisorFixture, container: string): Promise<number> {
  let last = "";
  for await (const { time, text } of fixture.engine.orchestrator.getLogs(container)) {
    if (text === "tick") last = time;
  }
  return Date.parse(last);
}

/** Sends a signal to the processes of a container whose command lines begin with a string. */
async function signalIn(container: string, signal: string, text: string): Promise<void> {
  const script = `for p in /proc/[0-9]*; do
    tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q "^$2" && kill -$1 \${p#/proc/}
  done; true`;
  const { success, stderr } = await new Deno.Command("docker", {
    args: ["exec", "-u", "0", container, "sh", "-c", script, "sh", signal, text],
  }).output();
  // A container that ends takes the command along.
  if (!success && signal !== "KILL") throw new Error(new TextDecoder().decode(stderr));
}

Deno.test("a bot whose lease cannot be renewed is stopped in two steps before the lease is over", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await ticking(fixture);
  const { promise, resolve } = Promise.withResolvers<void>();
  const heldAt = Date.now();
  fixture.leases.hold = promise;
  const ended = await fixture.ended(container.id);
  resolve();
  assert.equal(ended.exitCode, 75);
  const last = await lastTick(fixture, container.id);
  assert(last - heldAt < LEASE_SECONDS * 900, `it ticked for ${last - heldAt} ms`);
  assert.match(await fixture.log(container.id), /on_stop/);
});

for (
  const [what, signal, text] of [
    ["is stopped", "STOP", "/berth-cache/programs/"],
    ["is killed", "KILL", "/berth-cache/programs/"],
  ] as const
) {
  Deno.test(`a bot ends before its lease is over when its supervisor ${what}`, async () => {
    await using fixture = await SupervisorFixture.open();
    const { container } = await ticking(fixture);
    await signalIn(container.id, signal, text);
    // Until then it may have renewed its lease.
    const at = Date.now();
    const ended = await fixture.ended(container.id);
    assert.notEqual(ended.exitCode, 0);
    const last = await lastTick(fixture, container.id);
    assert(last - at < LEASE_SECONDS * 1000, `it ticked for ${last - at} ms`);
  });
}

Deno.test("a bot that was stopped for its lease stores its state if renewals work again", async () => {
  await using fixture = await SupervisorFixture.open();
  const { order, container } = await ticking(fixture, {
    files: { "main.py": ENDING },
    leaseSeconds: 12,
    executable: { state: { maxBytes: 1e6, keep: 3, everySeconds: 3600 } },
  });
  fixture.intercept = () => Promise.resolve(new Response("", { status: 503 }));
  await fixture.printed(container.id, "on_stop");
  fixture.intercept = undefined;
  assert.equal((await fixture.ended(container.id)).exitCode, 75);
  assert.equal((await fixture.supervisors.link.session(order.id))?.end?.cause, "fenced");
  assert.equal((await fixture.supervisors.link.newestState("bot"))?.isStored, true);
});

Deno.test("a bot ends at once when Berth says that another copy may live", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await ticking(fixture, { leaseSeconds: 12 });
  const at = Date.now();
  fixture.leases.isLost = true;
  assert.equal((await fixture.ended(container.id)).exitCode, 75);
  assert((await lastTick(fixture, container.id)) - at < 4000);
});

Deno.test("a Berth that is down for less than the lease stops no bot, and neither does a slow one", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await ticking(fixture, { leaseSeconds: 6 });
  await fixture.mute();
  await pause(2000, "Berth is down");
  fixture.serve();
  const before = fixture.leases.renewals;
  fixture.intercept = (request) =>
    request.url.endsWith("renew")
      ? pause(700, "Berth answers slowly").then(() => fixture.supervisors.answer(request))
      : undefined;
  await pause(4000, "the lease would be over");
  assert(fixture.leases.renewals > before + 1);
  assert.equal((await fixture.engine.orchestrator.getStatus(container.id))?.phase, "running");
});

Deno.test("a bot that had rather run twice goes on without Berth", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await ticking(fixture, { leaseMode: "relaxed", leaseSeconds: 2 });
  await fixture.mute();
  await pause(4000, "the lease would be over");
  assert.equal((await fixture.engine.orchestrator.getStatus(container.id))?.phase, "running");
});
