import assert from "node:assert/strict";
import type { CommandOutcome } from "../../../../lib/engine/container_orchestrator.ts";
import { ContainerNotFoundError, EngineError, EngineUnavailableError } from "../../../../lib/errors.ts";
import { runBoundedCommand } from "../../../../lib/runner/bounded_command.ts";

const SLOW: CommandOutcome = { end: "timed-out", output: "begins\n" };

/** Runs a command that takes too long, where the sweep after it fails. */
function runSlow(problem: Error): Promise<CommandOutcome> {
  let calls = 0;
  const runCommand = () => calls++ === 0 ? Promise.resolve(SLOW) : Promise.reject(problem);
  return runBoundedCommand({ runCommand }, "c1", { command: ["true"], timeoutMs: 1000 });
}

Deno.test("runBoundedCommand() tells of a command that took too long where no process can be started any more", async () => {
  const problem = new EngineError("OCI runtime exec failed: fork: resource temporarily unavailable", 400);
  assert.deepEqual(await runSlow(problem), { end: "timed-out", output: "begins" });
});

Deno.test("runBoundedCommand() blames no command if the engine is down, or its container has ended or is paused", async () => {
  const problems = [
    new EngineUnavailableError("it is down"),
    new ContainerNotFoundError("c1"),
    new EngineError("container c1 is paused", 409),
  ];
  for (const problem of problems) await assert.rejects(runSlow(problem), problem);
});
