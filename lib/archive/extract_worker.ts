/**
 * The worker of {@linkcode ArchiveExtractor}: extracts one archive a message.
 *
 * @module
 */

import { extractArchive } from "./extract_archive.ts";
import {
  ControlSlot,
  type ExtractionReply,
  type ExtractionRequest,
  packExtractionError,
} from "./extraction_message.ts";

/** The global scope of a worker; the types at hand describe the one of a main program. */
interface WorkerScope {
  onmessage(event: MessageEvent<ExtractionRequest>): void;
  postMessage(message: ExtractionReply): void;
}

class Stopped extends Error {}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => scope.postMessage(extract(data));

function extract({ options, shared }: ExtractionRequest): ExtractionReply {
  const words = new Int32Array(shared);
  try {
    const result = extractArchive(options, {
      started: (created) => scope.postMessage({ kind: "started", created }),
      checkpoint() {
        Atomics.add(words, ControlSlot.Progress, 1);
        if (Atomics.load(words, ControlSlot.Stop) !== 0) throw new Stopped();
      },
    });
    return { kind: "extracted", result };
  } catch (error) {
    return error instanceof Stopped
      ? { kind: "stopped" }
      : { kind: "failed", error: packExtractionError(error) };
  }
}
