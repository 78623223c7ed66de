/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The worker of {@linkcode ArchiveExtractor}: extracts one archive a message.
 *
 * @module
 */
import { extractArchive } from "./extract_archive.ts";
import {
  type ExtractionReply,
  type ExtractionRequest,
  ExtractionWord,
  packExtractionError,
} from "./extraction_message.ts";

class Stopped extends Error {}

self.onmessage = ({ data }: MessageEvent<ExtractionRequest>) => reply(extract(data));

function extract({ options, shared }: ExtractionRequest): ExtractionReply {
  const words = new Int32Array(shared);
  try {
    const result = extractArchive(options, {
      started: (created) => reply({ kind: "started", created }),
      checkpoint() {
        Atomics.add(words, ExtractionWord.Progress, 1);
        if (Atomics.load(words, ExtractionWord.Stop) !== 0) throw new Stopped();
      },
    });
    return { kind: "extracted", result };
  } catch (error) {
    return error instanceof Stopped
      ? { kind: "stopped" }
      : { kind: "failed", error: packExtractionError(error) };
  }
}

function reply(message: ExtractionReply): void {
  self.postMessage(message);
}
