/**
 * The file `guards.yaml`, read again when it changes.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ChangingFile, type FileReading } from "../../lib/util/changing_file.ts";
import type { FleetRules } from "./parse_fleet.ts";

/** Reads the file, and keeps the rules that it had last while it cannot be read. */
export class FleetFile {
  readonly #file: ChangingFile;
  #known: FleetRules = { rules: [], problems: [] };
  readonly #log = getLogger(["berth", "guards"]);

  /** @param path Absolute path of the file. It need not exist. */
  constructor(path: string) {
    this.#file = new ChangingFile(path);
  }

  /** Absolute path of the file. */
  get path(): string {
    return this.#file.path;
  }

  /** The rules of the file when it was read last. */
  get known(): FleetRules {
    return this.#known;
  }

  /**
   * Reads the file if it has changed. Never rejects: what is wrong with it is among the problems.
   *
   * @returns Whether it has changed.
   */
  async read(): Promise<boolean> {
    const reading = await this.#file.read();
    if (!reading) return false;
    const read = await readingOf(reading);
    const problems = read.problems.map((problem) => `${this.path}: ${problem}`);
    for (const problem of problems) this.#log.warn("guards file has a mistake", { problem });
    this.#known = { rules: read.rules ?? this.#known.rules, problems };
    return true;
  }
}

async function readingOf(
  reading: FileReading,
): Promise<Partial<FleetRules> & Pick<FleetRules, "problems">> {
  if ("problem" in reading) return { problems: [reading.problem] };
  if (reading.text === undefined) return { rules: [], problems: [] };
  // A service without the file starts sooner without it.
  return (await import("./parse_fleet.ts")).parseFleet(reading.text);
}
