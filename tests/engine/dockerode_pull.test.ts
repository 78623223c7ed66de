import assert from "node:assert/strict";
import type { PullProgress } from "../../lib/engine/container_orchestrator.ts";
import {
  EngineError,
  EngineUnavailableError,
  ImageUnavailableError,
  TimeLimitError,
} from "../../lib/errors.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import {
  type PrivateEngine,
  REGISTRY,
  testPrivately,
  TINY_IMAGE,
} from "../support/servers/private_engine.ts";

const registry = { registry: true };

/** Puts an image into the registry whose one layer takes a while. */
async function publish(engine: PrivateEngine, image: string, megabytes = 8): Promise<void> {
  const layer = new Uint8Array(megabytes * 1024 ** 2);
  for (let at = 0; at < layer.length; at += 65_536) crypto.getRandomValues(layer.subarray(at, at + 65_536));
  await engine.importImage(image, { layer });
  await engine.moveToRegistry(image);
}

testPrivately("pullImage() pulls an image step by step, and then not again", async (engine) => {
  await publish(engine, "berth/pulled:1");
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  const { orchestrator } = fixture;
  const image = `${REGISTRY}/berth/pulled:1`;
  assert.equal(await orchestrator.hasImage(image), false);
  const steps: PullProgress[] = [];
  await orchestrator.pullImage(image, { onProgress: (step) => steps.push(step) });
  assert.equal(await orchestrator.hasImage(image), true);
  assert.ok(steps.some(({ status }) => status === "Pull complete"));
  assert.ok(steps.some(({ layer, currentBytes = 0, totalBytes = 0 }) => {
    return layer !== undefined && currentBytes > 0 && totalBytes >= 8_000_000;
  }));
  await engine.stopRegistry();
  await orchestrator.pullImage(image, { onProgress: () => assert.fail("pulled again") });
}, registry);

testPrivately("pullImage() pulls through a mirror, as from the public registry", async (engine) => {
  await publish(engine, "library/mirrored:2");
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  await fixture.orchestrator.pullImage("mirrored:2");
  assert.equal(await fixture.orchestrator.hasImage("mirrored:2"), true);
}, registry);

testPrivately("pullImage() pulls only the tag latest where none is named", async (engine) => {
  for (const tag of ["latest", "other"]) await publish(engine, `berth/tags:${tag}`, 1);
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  const name = `${REGISTRY}/berth/tags`;
  await fixture.orchestrator.pullImage(name);
  assert.equal(await fixture.orchestrator.hasImage(`${name}:latest`), true);
  assert.equal(await fixture.orchestrator.hasImage(`${name}:other`), false);
}, registry);

testPrivately("pullImage() says that the registry has no such image", async (engine) => {
  await publish(engine, "berth/there:1", 1);
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  for (const image of [`${REGISTRY}/berth/there:none`, `${REGISTRY}/berth/none:1`]) {
    await assert.rejects(fixture.orchestrator.pullImage(image), (error) => {
      assert.ok(error instanceof ImageUnavailableError, String(error));
      assert.deepEqual([error.image, error.reason], [image, "not-found"], error.message);
      assert.match(error.message, /the registry has no such image/);
      return true;
    });
  }
}, registry);

testPrivately("pullImage() says that the registry does not answer", async (engine) => {
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  for (const image of [`${REGISTRY}/berth/any:1`, "berth-test-any:1"]) {
    await assert.rejects(fixture.orchestrator.pullImage(image), (error) => {
      assert.ok(error instanceof ImageUnavailableError, String(error));
      assert.deepEqual([error.image, error.reason], [image, "unreachable"], error.message);
      return true;
    });
  }
});

testPrivately("pullImage() refuses what is no reference, with the engine's words", async (engine) => {
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  await assert.rejects(fixture.orchestrator.pullImage("Not A Reference"), (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.match(error.message, /'Not A Reference'.*invalid reference format/);
    return true;
  });
});

testPrivately(
  "pullImage() by several at once is one pull, which outlives those who give up",
  async (engine) => {
    await publish(engine, "berth/shared:1", 40);
    await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
    const image = `${REGISTRY}/berth/shared:1`;
    let pulls = 0;
    const { modem } = fixture.docker;
    const { dial } = modem;
    modem.dial = function (options, callback) {
      if (options.path.startsWith("/images/create")) pulls++;
      dial.call(this, options, callback);
    };
    const controller = new AbortController();
    const reason = new Error("given up");
    const first = fixture.orchestrator.pullImage(image, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    const others = [1, 2, 3].map(() => fixture.orchestrator.pullImage(image));
    await assert.rejects(first, (error) => error === reason);
    await Promise.all(others);
    assert.equal(await fixture.orchestrator.hasImage(image), true);
    assert.equal(pulls, 1);
  },
  registry,
);

testPrivately(
  "pullImage() that nobody waits for any more is given up, and can be begun again",
  async (engine) => {
    await publish(engine, "berth/again:1", 40);
    await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
    const image = `${REGISTRY}/berth/again:1`;
    const controller = new AbortController();
    const reason = new Error("given up");
    const onProgress = () => controller.abort(reason);
    const pulling = fixture.orchestrator.pullImage(image, { signal: controller.signal, onProgress });
    await assert.rejects(pulling, (error) => error === reason);
    await fixture.orchestrator.pullImage(image);
    assert.equal(await fixture.orchestrator.hasImage(image), true);
  },
  registry,
);

testPrivately("pullImage() rejects with what its listener throws, and with nothing else", async (engine) => {
  await publish(engine, "berth/listened:1");
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  const image = `${REGISTRY}/berth/listened:1`;
  const reason = new Error("from the listener");
  const listened = fixture.orchestrator.pullImage(image, {
    onProgress() {
      throw reason;
    },
  });
  const other = fixture.orchestrator.pullImage(image);
  await assert.rejects(listened, (error) => error === reason);
  await other;
}, registry);

testPrivately("pullImage() says so when the engine is killed half-way", async (engine) => {
  await publish(engine, "berth/killed:1", 80);
  await using fixture = await EngineFixture.open({ dockerHost: engine.dockerHost });
  let killed: Promise<void> | undefined;
  const pulling = fixture.orchestrator.pullImage(`${REGISTRY}/berth/killed:1`, {
    onProgress: () => void (killed ??= engine.signal("KILL")),
  });
  await assert.rejects(pulling, (error) => {
    assert.ok(error instanceof EngineUnavailableError, String(error));
    assert.match(error.message, /Cannot pull image '.*': no answer from the engine at unix:\/\//);
    return true;
  });
  await killed;
  await engine.start();
}, registry);

testPrivately("pullImage() gives up when nothing is heard of it", async (engine) => {
  await publish(engine, "berth/stalled:1", 80);
  await using fixture = await EngineFixture.open({
    dockerHost: engine.dockerHost,
    timeouts: { pullStallMs: 300 },
  });
  let stopped: Promise<void> | undefined;
  const pulling = fixture.orchestrator.pullImage(`${REGISTRY}/berth/stalled:1`, {
    onProgress: () => void (stopped ??= engine.signal("STOP")),
  });
  await assert.rejects(pulling, TimeLimitError);
  await stopped;
  await engine.signal("CONT");
  assert.equal(await fixture.orchestrator.hasImage(TINY_IMAGE), true);
}, registry);
