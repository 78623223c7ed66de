/**
 * The file `channels.yaml`, read again when it changes.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { type ChannelList, NO_CHANNELS, parseChannels } from "./parse_channels.ts";

/** What is known of the file. */
export interface ReadChannels extends ChannelList {
  /** Whether channels and alerts are known. False if the file could not be read since the process began. */
  readonly isKnown: boolean;
}

/** Largest file, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** Reads the file, and keeps what it said last while it cannot be read. */
export class ChannelsFile {
  /** Absolute path of the file. */
  readonly path: string;
  #version: string | undefined;
  #known: ReadChannels = { ...NO_CHANNELS, isKnown: false };
  readonly #listeners = new Set<() => void>();
  #reading: Promise<ReadChannels> | undefined;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param path Absolute path of the file. It need not exist. */
  constructor(path: string) {
    this.path = path;
  }

  /** What the file said when it was read last. */
  get known(): ReadChannels {
    return this.#known;
  }

  /**
   * Calls a listener when the file says something else.
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
    let version = "unreadable";
    try {
      const info = await unlessMissing(Deno.stat(this.path));
      version = info
        ? [info.dev, info.ino, info.size, info.mtime?.getTime(), info.ctime?.getTime()].join(":")
        : "missing";
      if (version === this.#version) return this.#known;
      this.#set(await this.#parse(info));
    } catch (error) {
      if (version === this.#version) return this.#known;
      this.#set({ channels: undefined, problems: [`it cannot be read: ${messageOf(error)}`] });
    }
    this.#version = version;
    for (const listener of this.#listeners) listener();
    return this.#known;
  }

  async #parse(info: Deno.FileInfo | undefined): Promise<ReturnType<typeof parseChannels>> {
    if (!info) return NO_CHANNELS;
    // Opening a FIFO would wait for its writer.
    if (!info.isFile) return { channels: undefined, problems: ["it is not a regular file"] };
    if (info.size > MAX_BYTES) return { channels: undefined, problems: ["it has more than 1 MiB"] };
    return parseChannels(await Deno.readTextFile(this.path));
  }

  #set(read: ReturnType<typeof parseChannels>): void {
    const problems = read.problems.map((problem) => `${this.path}: ${problem}`);
    this.#known = read.channels ? { ...read, problems, isKnown: true } : { ...this.#known, problems };
    for (const problem of problems) this.#log.warn("channels file has a mistake", { problem });
  }
}
