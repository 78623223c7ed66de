/**
 * What a terminal shows of one bot that a service runs.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { describeCondition, type RunningBot } from "../../services/bots/bot_condition.ts";
import type { BotFolder } from "../deploy/bot_folder.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** What a {@linkcode BotView} needs. */
export interface BotViewOptions {
  /** The bot, as it was deployed. */
  readonly bot: BotFolder;
  /** The containers. */
  readonly runner: Runner;
  /** Where its conditions go. */
  readonly terminal: Terminal;
  /** Prints one of its lines. */
  readonly print: (name: string, line: LogLine) => void;
}

/** Shows a bot's conditions as they change, and the lines of each of its containers. */
export class BotView {
  readonly #options: BotViewOptions;
  readonly #followed = new Set<string>();
  readonly #gone = Promise.withResolvers<void>();
  #following: Promise<unknown> = Promise.resolve();
  #shown = "";
  #isRunning = false;
  #isKnown = false;

  /** Makes one; nothing is shown yet. */
  constructor(options: BotViewOptions) {
    this.#options = options;
  }

  /** Id of the bot. */
  get id(): string {
    return this.#options.bot.name;
  }

  /** Whether the bot ran when it was last told of. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * Shows what has changed.
   *
   * @param status What the service knows of the bot; `undefined` when the bot is no more.
   */
  show(status: RunningBot | undefined): void {
    this.#isKnown = status !== undefined;
    if (status?.containerId && status.condition.type === "running") this.#follow(status.containerId);
    if (!status) {
      // The last lines come before the word that it has ended.
      this.#following.then(() => this.#print("stopped")).finally(() => this.#gone.resolve());
      return;
    }
    this.#isRunning = status.condition.type === "running";
    this.#print(this.#describe(status));
  }

  /**
   * Waits until the bot is no more and its last line is printed.
   *
   * @param limitMs How long, in ms.
   * @returns Resolves in any case; a bot of which nothing is known is no more.
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
      // It was removed meanwhile, or the engine went away: the bot's condition says so.
    }
  }
}
