/** Lines of a real engine as they are printed: each once, whatever becomes of its files and of the connection. */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { LineFollower } from "../../lib/logs/line_follower.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { FolderFixture } from "../support/fixtures/folder_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { TcpProxy } from "../support/servers/tcp_proxy.ts";
import { pause, until } from "../support/until.ts";

const SECONDS = fullOrShort(60, 6);
const LINES_A_SECOND = 2000;
const PROGRAM = `
import sys, time
begin = time.monotonic()
for i in range(${LINES_A_SECOND * SECONDS}):
    print(f"{i} " + "x" * 300, flush=True)
    ahead = (i + 1) / ${LINES_A_SECOND} - (time.monotonic() - begin)
    if ahead > 0.01: time.sleep(ahead)
`;

Deno.test("a line follower gives each line once while the engine rotates its files and connections break", async () => {
  await using engine = await EngineFixture.open();
  await using folder = await FolderFixture.open();
  const near = { path: `${folder.path}/docker.sock` };
  await using proxy = new TcpProxy({ path: DOCKER_HOST.slice("unix://".length) }, near);
  await proxy.open();
  await using orchestrator = new DockerodeOrchestrator(
    connectDocker(`unix://${proxy.address}`),
  );
  const spec = engine.spec(["python3", "-c", PROGRAM], { logs: { maxSizeBytes: 1024 ** 2, maxFiles: 3 } });
  const { id } = await engine.orchestrator.createAndStart(spec);
  const numbers: number[] = [];
  const follower = new LineFollower(orchestrator, id, systemClock, {
    from: "begin",
    onLine: ({ text }) => numbers.push(Number(text.slice(0, text.indexOf(" ")))),
  });
  await using _follower = follower;
  for (let cuts = 0; cuts < SECONDS / 2; cuts++) {
    await pause(1000, "lines come");
    await proxy.cut();
    await pause(50, "the engine is down");
    await proxy.open();
    const before = numbers.length;
    await until("lines come again", () => numbers.length > before, 20_000);
  }
  await follower.done;
  const wrong = numbers.findIndex((number, n) => number !== n);
  assert.equal(wrong, -1, `line ${wrong} is ${numbers[wrong]}`);
  assert.equal(numbers.length, LINES_A_SECOND * SECONDS);
});
