/**
 * The file `channels.yaml`, read again when it changes.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ChangingFile } from "../../lib/util/changing_file.ts";
import type { ChannelList, parseChannels } from "./parse_channels.ts";

/** The last reading of the file. */
export interface ReadChannels extends ChannelList {
  /** Whether channels and alerts are known. False if the file could not be read since the process began. */
  readonly isKnown: boolean;
}

/** The channels when there is no file. */
export const NO_CHANNELS: ChannelList = { channels: [], alerts: [], problems: [] };

/** Reads the file, and keeps its last content while it cannot be read. */
export class ChannelsFile {
  readonly #file: ChangingFile;
  #known: ReadChannels = { ...NO_CHANNELS, isKnown: false };
  readonly #listeners = new Set<() => void>();
  #reading: Promise<ReadChannels> | undefined;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param path Absolute path of the file. It need not exist. */
  constructor(path: string) {
    this.#file = new ChangingFile(path);
  }

  /** Absolute path of the file. */
  get path(): string {
    return this.#file.path;
  }

  /** The channels of the file when it was read last. */
  get known(): ReadChannels {
    return this.#known;
  }

  /**
   * Calls a listener when the content of the file has changed.
   *
   * @param listener The listener.
   */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the file if it has changed. Never rejects: what is wrong with it is among the problems. */
  read(): Promise<ReadChannels> {
    return this.#reading ??= this.#readOnce().finally(() => this.#reading = undefined);
  }

  async #readOnce(): Promise<ReadChannels> {
    const reading = await this.#file.read();
    if (!reading) return this.#known;
    if ("problem" in reading) this.#set({ channels: undefined, problems: [reading.problem] });
    else this.#set(reading.text === undefined ? NO_CHANNELS : await parse(reading.text));
    for (const listener of this.#listeners) listener();
    return this.#known;
  }

  #set(read: Awaited<ReturnType<typeof parse>>): void {
    const problems = read.problems.map((problem) => `${this.path}: ${problem}`);
    this.#known = read.channels ? { ...read, problems, isKnown: true } : { ...this.#known, problems };
    for (const problem of problems) this.#log.warn("channels file has a mistake", { problem });
  }
}

/** A service without the file starts sooner without the parser. */
async function parse(text: string): Promise<ReturnType<typeof parseChannels>> {
  return (await import("./parse_channels.ts")).parseChannels(text);
}
