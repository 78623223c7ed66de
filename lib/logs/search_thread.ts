/**
 * The script of a search thread: searches one log after the other.
 *
 * @module
 */

import { LineScanner } from "./line_scanner.ts";
import type { SearchReply, SearchRequest } from "./search_worker.ts";

/** The global scope of a worker. Deno's types describe that of a main program. */
interface WorkerScope {
  onmessage(event: MessageEvent<SearchRequest>): void;
  postMessage(message: SearchReply, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let scanner: LineScanner | undefined;
scope.onmessage = ({ data: { begin, bytes, isLast } }) => {
  if (begin) scanner = new LineScanner(begin.query, begin.offset);
  const memory = bytes.buffer;
  scope.postMessage({ ...scanner!.scan(bytes, isLast), memory }, [memory]);
};
