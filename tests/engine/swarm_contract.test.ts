/**
 * The suite of the orchestrators on a Swarm. A supervisor in the container does what a Swarm lacks; the reasons say
 * where that is tested.
 *
 * @module
 */

import { testContainerOrchestratorContract } from "../contract/container_orchestrator_contract.ts";
import { LabFixture, testInLab } from "../support/fixtures/lab_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { SwarmFixture } from "../support/fixtures/swarm_fixture.ts";

const NO_AUTO_REMOVE = "Berth alone removes a service, after it has its log and exit code";
const NO_FILES = "a manager does not see the files of a node: the supervisor brings and fetches them";
const NO_ATTACH = "a Swarm has no such call, so LOG_MODE is non-blocking";

const LEFT_OUT = {
  "pullImage() is content with an image that is present, without a pull": "each node pulls by itself",
  "createAndStart() starts what the specification says":
    "a service has no folders of a host and no network 'none'; the supervisor's tests see to the rest",
  "createAndStart() puts a tar stream into the container first, and none that fails leaves one": NO_FILES,
  "createAndStart() limits memory, and the end tells of it":
    "a Swarm does not say why a task was killed: the supervisor reports it",
  "getUsage() measures a running container, and nothing else": "the supervisor measures",
  "a start that fails leaves no container":
    "a Swarm takes every service, and its task tells why it does not start: see swarm_orchestrator.test.ts",
  "a start that is given up leaves no container, whenever that is":
    "a create is repeated with another manager: who gives it up removes the service by its name",
  "runAndWait() of a container that is removed at its exit tells the exit code": NO_AUTO_REMOVE,
  "stop() of a container that is removed at its exit tells the exit code": NO_AUTO_REMOVE,
  "stop() does not call an end by itself a kill":
    "a Swarm does not say who killed a task: the supervisor reports it",
  "rename() frees a name, also of one that has exited": "a service keeps its name; its removal frees it",
  "listLayers() measures what running containers have written outside their mounts": NO_FILES,
  "attach() gives what is printed from now on, until the container exits": NO_ATTACH,
  "attach() holds up the container while nobody reads on, and lets it go when it is left": NO_ATTACH,
  "copyFromContainer() reads a file of a running and of an exited container": NO_FILES,
  "copyFromContainer() refuses what is missing, too large or no regular file": NO_FILES,
};

/** Takes nearly a minute. */
async function keepsPromises(context: Deno.TestContext): Promise<void> {
  await using lab = await LabFixture.open({ nodes: 1, heartbeatSeconds: 1 });
  const tests: (readonly [name: string, body: () => Promise<void>])[] = [];
  testContainerOrchestratorContract({
    name: "SwarmOrchestrator",
    open: () => SwarmFixture.open(lab),
    leftOut: LEFT_OUT,
    lacks: ["attach", "copyFromContainer", "pullImage"],
    register: (name, body) => tests.push([name, body]),
  });
  for (const [name, body] of tests) await context.step(name, body);
}

// swarm_orchestrator.test.ts shows the most important of it each time.
if (fullOrShort(true, false)) testInLab("a Swarm keeps what an orchestrator promises", keepsPromises);
