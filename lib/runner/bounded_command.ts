/**
 * Runs a command in a bot's container, and leaves nothing of it there.
 *
 * @module
 */

import { EngineError } from "../errors.ts";
import type { LineRedactor } from "../logs/line_redactor.ts";
import type { CommandOutcome, ContainerOrchestrator } from "../engine/container_orchestrator.ts";

/** Marks every process of a command. */
const MARK = "BERTH_HEALTH_CHECK";
/** How much a command may print, in bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** How long the processes of a command may take to be found and killed, in ms. */
const SWEEP_LIMIT_MS = 10_000;
/** How the engine refuses a command in a container that does not run or is paused. */
const CONFLICT = 409;

/**
 * Kills all marked processes but its own shell, until none is left and no process has begun meanwhile: one that forks and
 * ends at once may always be gone before its turn, and its child not be in the list yet. Only builtins of the shell: where
 * a command has started as many processes as the container may have, no further one would start.
 */
const SWEEP = `
sweep() {
  set -- /proc/[0-9]*
  for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    found= before=$*
    for folder in "$@"; do
      pid=\${folder#/proc/}
      [ "$pid" != "$$" ] || continue
      while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        *${MARK}=*) found=1; kill -9 "$pid"; break ;;
        esac
      done <"$folder/environ"
    done 2>/dev/null
    set -- /proc/[0-9]*
    [ -n "$found" ] || [ "$*" != "$before" ] || return 0
  done
}
`;
/** Sweeps first: an earlier command may have left processes, if Berth was killed before it could sweep. */
const RUN = `${SWEEP}
echo
cd "\${CODE_MOUNT_DIR:-.}" 2>/dev/null
sweep
"$@" </dev/null
code=$?
sweep
exit $code
`;

/** Options of {@linkcode runBoundedCommand}. */
export interface BoundedCommandOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Hides secrets in its output. @default {nothing is hidden} */
  readonly redactor?: LineRedactor | undefined;
  /** How long it may take, in ms. */
  readonly timeoutMs: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a command in a container with a POSIX shell, as the container's user, in the folder of its code. Everything that
 * it started is killed at its end, when its time is over, and when it has printed more than 64 KiB.
 *
 * @param orchestrator The engine.
 * @param container The engine's id.
 * @param options See {@linkcode BoundedCommandOptions}.
 * @returns Its outcome.
 * @throws {ContainerNotFoundError} If there is no such container.
 * @throws {EngineError} If the container does not run, or is paused.
 * @throws {EngineUnavailableError} If the engine does not answer.
 */
export async function runBoundedCommand(
  orchestrator: Pick<ContainerOrchestrator, "runCommand">,
  container: string,
  { command, timeoutMs, signal, redactor }: BoundedCommandOptions,
): Promise<CommandOutcome> {
  const outcome = await orchestrator.runCommand(container, {
    command: ["/bin/sh", "-c", RUN, "berth-health", ...command],
    env: { [MARK]: "1" },
    timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    ...(signal && { signal }),
  });
  if (outcome.end !== "exited") {
    await orchestrator.runCommand(container, {
      command: ["/bin/sh", "-c", `${SWEEP}\necho\nsweep`],
      timeoutMs: SWEEP_LIMIT_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      ...(signal && { signal }),
    }).catch((error) => {
      // Where not even a shell can be started any more, the command has failed all the same.
      if (!(error instanceof EngineError) || error.status === CONFLICT) throw error;
    });
  }
  return { ...outcome, output: redactText(outcome.output.trim(), redactor) };
}

function redactText(text: string, redactor: LineRedactor | undefined): string {
  if (!redactor) return text;
  const lines = text.split("\n").map((line) => redactor.redactLine(new TextEncoder().encode(line)));
  return lines.map((line) => new TextDecoder().decode(line)).join("\n");
}
