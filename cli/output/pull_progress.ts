/**
 * Shows the progress of an image pull.
 *
 * @module
 */

import type { PullProgress } from "../../lib/engine/container_orchestrator.ts";
import type { Terminal } from "./terminal.ts";

const BAR_WIDTH = 24;
const MEGABYTE = 1_000_000;

/** Totals of the layers of one image. */
export class PullTotals {
  readonly #layers = new Map<string, { done: number; total: number }>();

  /** @param progress One step of the pull. */
  add({ layer, status, currentBytes, totalBytes }: PullProgress): void {
    if (!layer) return;
    const known = this.#layers.get(layer);
    if (status === "Downloading" && totalBytes) {
      this.#layers.set(layer, { done: currentBytes ?? 0, total: totalBytes });
    } else if (known && /^(Download complete|Pull complete|Verifying Checksum|Extracting)$/.test(status)) {
      known.done = known.total;
    }
  }

  /** Bytes downloaded so far. */
  get done(): number {
    return this.#sum("done");
  }

  /** Bytes of all layers known so far. */
  get total(): number {
    return this.#sum("total");
  }

  #sum(field: "done" | "total"): number {
    return [...this.#layers.values()].reduce((sum, layer) => sum + layer[field], 0);
  }
}

/**
 * Draws a bar such as `[######------------------]  25 %  12.1/48.3 MB`.
 *
 * @param done Bytes done.
 * @param total Total bytes.
 */
export function progressBar(done: number, total: number): string {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.floor(part * BAR_WIDTH);
  const bar = "#".repeat(filled).padEnd(BAR_WIDTH, "-");
  const percent = String(Math.floor(part * 100)).padStart(3);
  return `[${bar}] ${percent} %  ${(done / MEGABYTE).toFixed(1)}/${(total / MEGABYTE).toFixed(1)} MB`;
}

/**
 * Shows a pull: a growing bar if lines can be replaced, else a line per quarter.
 *
 * @param terminal Where to show it.
 * @param image Reference of the image.
 * @returns The callback for progress.
 */
export function showPull(terminal: Terminal, image: string): (progress: PullProgress) => void {
  const totals = new PullTotals();
  let quarter = 0;
  return (progress) => {
    totals.add(progress);
    const line = `${image} ${progressBar(totals.done, totals.total)}`;
    terminal.transient(line);
    const reached = Math.floor((4 * totals.done) / Math.max(1, totals.total));
    if (!terminal.interactive && reached > quarter) terminal.note(line);
    quarter = Math.max(quarter, reached);
  };
}
