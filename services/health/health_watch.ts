/**
 * The watchdog's watch over one run.
 *
 * @module
 */

import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { CommandOutcome } from "../../lib/engine/container_orchestrator.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { RunHealth, Trouble } from "../bots/run_health.ts";
import type { Run, RunWatch } from "../bots/run_watcher.ts";
import type { HealthSettings } from "../documents/health_settings.ts";
import { CommandWatch } from "./command_watch.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { inOneLine, readSignals } from "./signals.ts";

/** Dependencies of {@linkcode HealthWatch}. */
export interface HealthWatchOptions {
  /** The run. */
  readonly run: Run;
  /** How to look after it. */
  readonly settings: HealthSettings;
  /** Whether the bot is known to be ready. */
  readonly isReady: boolean;
  /** The containers. */
  readonly runner: Pick<Runner, "getContainerStatus">;
  /** Runs its command. */
  readonly runCommand: (signal: AbortSignal) => Promise<CommandOutcome>;
  /** Called when the bot says that it is ready. */
  readonly onReady: () => void;
  /** Called when what is known changes. */
  readonly onChange: (health: RunHealth) => void;
  /** Called at the first good sign of a run, and at the first one after trouble. */
  readonly onSound: (type: Trouble["type"]) => void;
  /** The clock. */
  readonly clock: Clock;
  /** Gives a number from 0 up to 1. */
  readonly random: () => number;
}

/** Longest part of a line that is shown, in characters. */
const MAX_SHOWN = 200;
/** How often a status text may change what is shown, in ms. */
const STATUS_PAUSE_MS = 1000;
/** Name of the missing output, by signal. */
const MISSING = { output: "", metric: ": no metric", heartbeat: ": no heartbeat" } as const;

/** Watches the signals of one container, and runs its command. */
export class HealthWatch implements RunWatch {
  readonly #options: HealthWatchOptions;
  readonly #ending = new AbortController();
  readonly #silence: SilenceWatch | undefined;
  readonly #command: CommandWatch | undefined;
  #health: RunHealth;
  #troubles: Partial<Record<Trouble["type"], Trouble>> = {};
  /** Whether there has been a good sign since the last trouble of each kind. */
  readonly #isSound = { silent: false, unhealthy: false };
  /** The last line that is meant for people. */
  #lastLine: string | undefined;
  /** The last line of any kind. */
  #latest = "";
  #isConnected = false;
  #isPaused = false;
  #isDelayed = false;

  /** @param options See {@linkcode HealthWatchOptions}. */
  constructor(options: HealthWatchOptions) {
    const {
      run: { container: { containerId, startedAt, createdAt }, isNew },
      settings,
      clock,
      isReady,
      random,
    } = options;
    this.#options = options;
    this.#health = { containerId, isReady };
    const ageMs = Math.max(0, clock.now() - (startedAt ?? createdAt).getTime());
    const graceMs = isReady ? 0 : Math.max(0, settings.startGraceSeconds * 1000 - ageMs);
    const graceEndsAt = clock.monotonic() + graceMs;
    if (settings.maxSilenceSeconds !== undefined) {
      this.#silence = new SilenceWatch({
        maxSilenceMs: settings.maxSilenceSeconds * 1000,
        graceEndsAt,
        confirm: () => this.#isListening(),
        onSilent: (silentMs) => this.#trouble("silent", this.#describeSilence(silentMs)),
        clock,
      });
      void this.#silence.run(this.#ending.signal);
    }
    if (settings.command) {
      const intervalMs = settings.intervalSeconds * 1000;
      this.#command = new CommandWatch({
        intervalMs,
        timeoutMs: settings.timeoutSeconds * 1000,
        limit: settings.limit,
        // All bots of a service that begins are not asked at the same moment.
        firstAt: graceEndsAt + (isNew ? 0 : random() * intervalMs),
        run: (signal) => options.runCommand(signal),
        onUnhealthy: (why) => this.#trouble("unhealthy", `unhealthy: ${why}${this.#describeLastLine()}`),
        onHealthy: () => this.#sound("unhealthy"),
        clock,
      });
      void this.#command.run(this.#ending.signal);
    }
  }

  /** {@inheritDoc RunWatch.onLine} */
  onLine(line: LiveLine): void {
    const { settings } = this.#options;
    const { isAlive, isReady, statusText, isForPeople } = readSignals(line, settings);
    this.#latest = line.text.slice(0, 8 * MAX_SHOWN);
    if (isForPeople) this.#lastLine = this.#latest;
    if (isAlive && this.#silence) {
      this.#silence.hear();
      this.#sound("silent");
    }
    if (isReady && !this.#health.isReady) this.#options.onReady();
    if (isReady) this.setReady();
    if (statusText === undefined || statusText === (this.#health.statusText ?? "")) return;
    const { statusText: _before, ...rest } = this.#health;
    this.#health = { ...rest, ...(statusText !== "" && { statusText }) };
    this.#reportLater();
  }

  /** Records that the bot is ready. */
  setReady(): void {
    if (this.#health.isReady || this.#ending.signal.aborted) return;
    this.#silence?.endGrace();
    this.#command?.endGrace();
    this.#health = { ...this.#health, isReady: true };
    this.#options.onChange(this.#health);
  }

  /** {@inheritDoc RunWatch.onConnection} */
  onConnection(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#silence?.setHearing(isConnected && !this.#isPaused);
  }

  /** {@inheritDoc RunWatch.onPause} */
  onPause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#silence?.setHearing(this.#isConnected && !isPaused);
    this.#command?.setPaused(isPaused);
  }

  /** Ends the watch. */
  [Symbol.dispose](): void {
    this.#ending.abort(new DOMException("The run is no longer watched", "AbortError"));
  }

  /** Reads what the stream may have left out, and asks whether the container can print at all. */
  async #isListening(): Promise<boolean> {
    const { run, runner } = this.#options;
    await run.syncLines();
    const { signal } = this.#ending;
    const status = await runner.getContainerStatus(run.container.containerId, { signal });
    return status?.phase === "running" && !status.isPaused;
  }

  #trouble(type: Trouble["type"], message: string): void {
    const { settings: { action } } = this.#options;
    this.#isSound[type] = false;
    this.#troubles[type] = { type, message, isToRestart: action === "restart" };
    this.#reportTrouble();
  }

  /** Called for each line: only the first one after trouble does anything. */
  #sound(type: Trouble["type"]): void {
    if (this.#isSound[type]) return;
    this.#isSound[type] = true;
    this.#options.onSound(type);
    if (!this.#troubles[type]) return;
    delete this.#troubles[type];
    this.#reportTrouble();
  }

  #reportTrouble(): void {
    const { trouble: _before, ...rest } = this.#health;
    const trouble = this.#troubles.silent ?? this.#troubles.unhealthy;
    this.#health = { ...rest, ...(trouble && { trouble }) };
    this.#options.onChange(this.#health);
  }

  /** Limits the reports of status texts: a bot may change its own a thousand times a second. */
  #reportLater(): void {
    const { clock, onChange } = this.#options;
    if (this.#isDelayed) return;
    this.#isDelayed = true;
    clock.sleep(STATUS_PAUSE_MS, this.#ending.signal).then(() => {
      this.#isDelayed = false;
      onChange(this.#health);
    }, () => {});
  }

  #describeSilence(silentMs: number): string {
    const { signal, metric } = this.#options.settings;
    const which = metric === undefined ? "" : ` '${inOneLine(metric, MAX_SHOWN)}'`;
    return `silent for ${Math.round(silentMs / 1000)} s${MISSING[signal]}${which}${this.#describeLastLine()}`;
  }

  #describeLastLine(): string {
    const line = inOneLine(this.#lastLine ?? this.#latest, MAX_SHOWN);
    return line === "" ? "" : `; last line: ${line}`;
  }
}
