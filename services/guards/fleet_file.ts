/**
 * The file `guards.yaml`, read again when it changes.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { type FleetRules, parseFleet } from "./parse_fleet.ts";

/** Largest file, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Reads the file, and keeps the rules that it had last while it cannot be read. */
export class FleetFile {
  /** Absolute path of the file. */
  readonly path: string;
  #known: FleetRules = { rules: [], problems: [] };
  #version: string | undefined;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param path Absolute path of the file. It need not exist. */
  constructor(path: string) {
    this.path = path;
  }

  /** What the file said when it was read last. */
  get known(): FleetRules {
    return this.#known;
  }

  /**
   * Reads the file if it has changed. Never rejects: what is wrong with it is among the problems.
   *
   * @returns Whether it has changed.
   */
  async read(): Promise<boolean> {
    const { rules } = this.#known;
    let version = "unreadable";
    let read: ReturnType<typeof parseFleet> | undefined;
    try {
      const info = await unlessMissing(Deno.stat(this.path));
      version = info
        ? [info.ino, info.size, info.mtime?.getTime(), info.ctime?.getTime()].join(":")
        : "missing";
      if (version === this.#version) return false;
      if (!info) read = { rules: [], problems: [] };
      // Opening a FIFO would wait for its writer.
      else if (!info.isFile || info.size > MAX_BYTES) {
        read = { problems: ["it is not a regular file of at most 1 MiB"] };
      } else read = parseFleet(await Deno.readTextFile(this.path));
    } catch (error) {
      if (version === this.#version) return false;
      read = { problems: [`it cannot be read: ${messageOf(error)}`] };
    }
    this.#version = version;
    const problems = read.problems.map((problem) => `${this.path}: ${problem}`);
    for (const problem of problems) this.#log.warn("guards file has a mistake", { problem });
    this.#known = { rules: "rules" in read ? read.rules : rules, problems };
    return true;
  }
}
