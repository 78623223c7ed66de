import assert from "node:assert/strict";
import { ContainerNotFoundError, EngineError } from "../../lib/errors.ts";
import { testContainerOrchestratorContract } from "../contract/container_orchestrator_contract.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { pause } from "../support/until.ts";

testContainerOrchestratorContract({ name: "DockerodeOrchestrator", open: EngineFixture.open });

Deno.test("getLogs() says that a log driver keeps nothing, and which one does", async () => {
  await using fixture = await EngineFixture.open();
  const { name, image, labels } = fixture.spec([]);
  const HostConfig = { LogConfig: { Type: "none", Config: {} }, NetworkMode: "none" };
  const options = { name, Image: image, Cmd: ["true"], Labels: { ...labels }, HostConfig };
  const container = await fixture.docker.createContainer(options);
  await container.start();
  await assert.rejects(Array.fromAsync(fixture.orchestrator.getLogs(name)), (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.match(
      error.message,
      /its log driver keeps nothing that can be read. Create it with .* 'json-file'/,
    );
    return true;
  });
});

Deno.test("the phases of containers that were never started or are paused", async () => {
  await using fixture = await EngineFixture.open();
  const created = fixture.spec(["true"]);
  const paused = fixture.spec(["sleep", "60"]);
  const options = { name: created.name, Image: created.image, Cmd: ["true"], Labels: { ...created.labels } };
  await fixture.docker.createContainer(options);
  await fixture.orchestrator.createAndStart(paused);
  await fixture.docker.getContainer(paused.name).pause();
  const listed = await fixture.orchestrator.listContainers({ labels: fixture.labels });
  const phases = Object.fromEntries(listed.map(({ name, phase }) => [name, phase]));
  assert.deepEqual(phases, { [created.name]: "pending", [paused.name]: "running" });
  assert.equal((await fixture.orchestrator.getStatus(created.name))?.phase, "pending");
  const stopped = await fixture.orchestrator.stop(created.name, { graceSeconds: 1 });
  assert.deepEqual(stopped, { how: "already-exited", exitCode: 0 });
});

Deno.test("wait() for a container that is not started yet waits for its end", async () => {
  await using fixture = await EngineFixture.open();
  const { name, image, labels } = fixture.spec([]);
  const options = { name, Image: image, Cmd: ["sh", "-c", "sleep 0.3; exit 8"], Labels: { ...labels } };
  const container = await fixture.docker.createContainer(options);
  const waiting = fixture.orchestrator.wait(name);
  await pause(100, "the call reaches the engine");
  await container.start();
  assert.equal((await waiting).exitCode, 8);
});

Deno.test("wait() for a container that is removed without a start has no exit code", async () => {
  await using fixture = await EngineFixture.open();
  const { name, image, labels } = fixture.spec([]);
  await fixture.docker.createContainer({ name, Image: image, Cmd: ["true"], Labels: { ...labels } });
  const waiting = assert.rejects(fixture.orchestrator.wait(name), ContainerNotFoundError);
  await pause(100, "the call reaches the engine");
  await fixture.orchestrator.remove(name);
  await waiting;
});
