import assert from "node:assert/strict";
import { Secret } from "../../../../lib/util/secret.ts";
import { watchDisk } from "../../../../services/notifications/disk_incidents.ts";
import { Heartbeat } from "../../../../services/notifications/heartbeat.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { Receiver } from "../../../support/servers/receiver.ts";
import { until } from "../../../support/until.ts";

Deno.test("the heart beats each minute while the process serves, and not while it stands by", async () => {
  await using receiver = Receiver.open();
  const clock = new FakeClock();
  let isServing = true;
  const stop = new AbortController();
  const beating = new Heartbeat({ url: new Secret(receiver.url), isServing: () => isServing, clock })
    .run(stop.signal);
  for (let beats = 1; beats <= 3; beats++) {
    await until(`beat ${beats}`, () => receiver.requests.length === beats && clock.sleepers === 1);
    if (beats === 2) {
      isServing = false;
      await clock.advance(600_000);
      isServing = true;
    }
    await clock.advance(60_000);
  }
  stop.abort();
  await beating;
  assert.ok(receiver.requests.every(({ method }) => method === "GET"));
});

Deno.test("a disk with less room than is asked for is told, and that there is room again", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const incidents = {
    open: ({ kind, text }: { kind: string; text: string }) => void lines.push(`open ${kind} ${text}`),
    close: ({ kind }: { kind: string }) => void lines.push(`close ${kind}`),
  };
  for (const minFreeBytes of [0, 2 ** 60, 1]) {
    const stop = new AbortController();
    const paths = { TEMP_DIR: "/", DATA_DIR: "/no/such/folder" };
    const watching = watchDisk({ paths, minFreeBytes, incidents, signal: stop.signal, clock });
    if (minFreeBytes > 0) await until("a look", () => clock.sleepers === 1);
    stop.abort();
    await watching;
  }
  assert.match(lines[0]!, /^open disk\.low \d+ MiB are free in TEMP_DIR \(\/\)\./);
  assert.deepEqual(lines.slice(1), ["close disk.low"]);
});
