/**
 * Entries of logs as an engine keeps them, for tests of what is made of them.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry } from "../../../lib/engine/container_orchestrator.ts";

const encoder = new TextEncoder();

/** A time: this many nanoseconds after the first second of a day. */
export function timeAt(nanoseconds: number, day = "2026-01-31"): string {
  const seconds = Math.floor(nanoseconds / 1e9);
  const clock = new Date(seconds * 1000).toISOString().slice(11, 19);
  return `${day}T${clock}.${String(nanoseconds % 1e9).padStart(9, "0")}Z`;
}

/** One entry. `content` ends with a line feed when the line does. */
export function entry(time: string, content: string, stream: LogEntry["stream"] = "stdout"): LogEntry {
  return { time, stream, content: encoder.encode(content) };
}

/** An engine's log in memory, which drops entries at its beginning as an engine does. */
export class LogInMemory implements Pick<ContainerOrchestrator, "readLog"> {
  /** The entries that the engine has now. */
  entries: LogEntry[] = [];
  /** Entries that were read, in all. */
  readCount = 0;
  /** How many come together. */
  batch = 3;

  /** {@inheritDoc ContainerOrchestrator.readLog} */
  async *readLog(
    _container: string,
    { tail, follow }: { tail?: number; follow?: boolean } = {},
  ): AsyncGenerator<readonly LogEntry[]> {
    if (follow) throw new Error("Followed logs are not exact");
    // At one moment: what comes later is not in it.
    const all = tail === undefined ? [...this.entries] : this.entries.slice(-tail);
    for (let at = 0; at < all.length; at += this.batch) {
      await Promise.resolve();
      const some = all.slice(at, at + this.batch);
      this.readCount += some.length;
      yield some;
    }
  }
}
