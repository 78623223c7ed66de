/**
 * The script of a packing thread: packs a batch of files for each message.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { concatBytes } from "../util/concat_bytes.ts";
import type { PackReply, PackRequest } from "./pack_threads.ts";
import { type PackedFile, packFile } from "./pack_file.ts";

/** The global scope of a worker. Deno's types describe that of a main program. */
interface WorkerScope {
  onmessage(event: MessageEvent<PackRequest>): void;
  postMessage(message: PackReply, transfer: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = async ({ data }) => {
  const reply = await pack(data);
  scope.postMessage(reply, reply.kind === "packed" ? [reply.data.buffer] : []);
};

async function pack({ files, mode }: PackRequest): Promise<PackReply> {
  const packed: PackedFile[] = [];
  for (const file of files) {
    try {
      packed.push(await packFile(file, mode));
    } catch (error) {
      return { kind: "failed", path: file.path, why: messageOf(error) };
    }
  }
  return {
    kind: "packed",
    files: packed.map(({ data, ...rest }) => ({ ...rest, length: data.length })),
    data: concatBytes(packed.map(({ data }) => data)),
  };
}
