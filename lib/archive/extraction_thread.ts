/**
 * The script of an extraction worker: extracts or checks one archive for each message.
 *
 * @module
 */

import { checkArchive } from "./check_archive.ts";
import { extractArchive, type ExtractArchiveHooks } from "./extract_archive.ts";
import {
  ControlSlot,
  type ExtractionReply,
  type ExtractionRequest,
  packExtractionError,
} from "./extraction_message.ts";

/** The global scope of a worker. Deno's types describe that of a main program. */
interface WorkerScope {
  onmessage(event: MessageEvent<ExtractionRequest>): void;
  postMessage(message: ExtractionReply): void;
}

class Stopped extends Error {}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => scope.postMessage(work(data));

function work({ task, shared }: ExtractionRequest): ExtractionReply {
  const slots = new Int32Array(shared);
  const hooks: ExtractArchiveHooks = {
    started: (isCreated) => scope.postMessage({ kind: "started", isCreated }),
    checkpoint() {
      Atomics.add(slots, ControlSlot.Progress, 1);
      if (Atomics.load(slots, ControlSlot.Stop) !== 0) throw new Stopped();
    },
  };
  try {
    const result = task.kind === "extract"
      ? extractArchive(task.options, hooks)
      : checkArchive(task.options, hooks);
    return { kind: "extracted", result };
  } catch (error) {
    return error instanceof Stopped
      ? { kind: "stopped" }
      : { kind: "failed", error: packExtractionError(error) };
  }
}
