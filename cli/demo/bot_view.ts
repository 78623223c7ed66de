/**
 * Shows one bot of a service on the terminal.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { describeCondition, type RunningBot } from "../../services/bots/bot_condition.ts";
import type { BotFolder } from "../deploy/bot_folder.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** Input of a {@linkcode BotView}. */
export interface BotViewOptions {
  /** The deployed bot. */
  readonly bot: BotFolder;
  /** The containers. */
  readonly runner: Runner;
  /** Shows the bot's conditions. */
  readonly terminal: Terminal;
  /** Prints one line of output. */
  readonly print: (name: string, line: LogLine) => void;
}

/** Shows a bot's conditions as they change, and the output of each of its containers. */
export class BotView {
  readonly #options: BotViewOptions;
  readonly #followed = new Set<string>();
  readonly #gone = Promise.withResolvers<void>();
  #following: Promise<unknown> = Promise.resolve();
  #shown = "";
  #isRunning = false;
  #isKnown = false;

  constructor(options: BotViewOptions) {
    this.#options = options;
  }

  /** Id of the bot. */
  get id(): string {
    return this.#options.bot.name;
  }

  /** Whether the bot was running at the last update. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Shows what has changed. @param status The bot's status; `undefined` if the bot is gone. */
  show(status: RunningBot | undefined): void {
    this.#isKnown = status !== undefined;
    if (status?.containerId && status.condition.type === "running") this.#follow(status.containerId);
    if (!status) {
      // Print the last lines before the end.
      this.#following.then(() => this.#print("stopped")).finally(() => this.#gone.resolve());
      return;
    }
    this.#isRunning = status.condition.type === "running";
    this.#print(this.#describe(status));
  }

  /**
   * Waits until the bot is gone and its last line is printed.
   *
   * @param limitMs Maximum time, in ms.
   * @returns Resolves in any case; an unknown bot counts as gone.
   */
  async untilGone(limitMs: number): Promise<void> {
    if (!this.#isKnown && this.#followed.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    await Promise.race([this.#gone.promise, promise]);
    clearTimeout(timer);
  }

  #describe({ condition }: RunningBot): string {
    const { version, runtime } = this.#options.bot;
    if (condition.type === "running") return `running (version ${version}, ${runtime})`;
    return condition.type === "stopping" ? "stopping" : describeCondition(condition);
  }

  #print(message: string): void {
    const { bot, terminal } = this.#options;
    if (message === this.#shown) return;
    this.#shown = message;
    terminal.note(printable(`${bot.name}: ${message}`));
  }

  #follow(containerId: string): void {
    if (this.#followed.has(containerId)) return;
    this.#followed.add(containerId);
    const before = this.#following;
    this.#following = this.#printLines(containerId).then(() => before);
  }

  async #printLines(containerId: string): Promise<void> {
    const { bot, runner, print } = this.#options;
    try {
      for await (const line of runner.getContainerLogs(containerId, { follow: true })) print(bot.name, line);
    } catch {
      // The container was removed, or the engine is gone: the bot's condition says so.
    }
  }
}
