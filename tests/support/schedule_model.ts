/**
 * Schedulers in memory: real services and real stores, a model of an engine, a clock that is moved by hand, and
 * processes that can be killed between any two calls.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ContainerConflictError, ContainerNotFoundError } from "../../lib/errors.ts";
import { containerName } from "../../lib/runner/container_name.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import type { CollectedRun, ContainerHint, ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import { SqliteRunRepository } from "../../services/sqlite/sqlite_run_repository.ts";
import { SqliteScheduleRepository } from "../../services/sqlite/sqlite_schedule_repository.ts";
import type { BotDocument } from "../../services/documents/bot_repository.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { InProcessBotEvents } from "../../services/events/in_process_bot_events.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { ScheduleService, type ScheduleServiceOptions } from "../../services/schedules/schedule_service.ts";
import { FakeClock, settle } from "./fake_clock.ts";

/** How a program behaves. */
export interface Program {
  /** How long it takes, in ms. */
  readonly ms: number;
  /** Its exit codes, one an attempt; the last one is kept. */
  readonly exitCodes: readonly number[];
  /** How long it takes to end when it is told to, in ms; its exit code is then 143. */
  readonly stopMs: number;
}

/** A container that the engine has started. */
export interface ModelStart {
  readonly name: string;
  readonly scheduleId: string;
  readonly startedAt: number;
  endedAt?: number;
}

/** An engine of one machine. */
export class ModelEngine {
  readonly #containers = new Map<string, ManagedContainer>();
  readonly #world: World;
  readonly #instance: string;
  readonly #watchers = new Set<(hint: ContainerHint) => void>();
  #created = 0;

  constructor(world: World, instance: string) {
    this.#world = world;
    this.#instance = instance;
  }

  /** The containers that have not been removed. */
  list(): ManagedContainer[] {
    return [...this.#containers.values()];
  }

  /** The error with which the next starts fail. */
  startProblem: Error | undefined;

  /** Settles when the process that starts containers goes on, where that is frozen. */
  held: Promise<void> | undefined;

  /** Whether it stands for several hosts. */
  spansHosts = false;

  /** Loses hints, as a real one may. */
  isSilent = false;

  /** Removes one by hand. */
  lose(containerId: string): void {
    this.#containers.delete(containerId);
  }

  runner(): Runner {
    const own = (container: string) =>
      this.#containers.get(container) ?? this.list().find(({ containerName }) => containerName === container);
    const runner: Pick<
      Runner,
      | "capabilities"
      | "startContainer"
      | "stopContainer"
      | "removeContainer"
      | "getContainerStatus"
      | "findContainers"
      | "watch"
      | "superviseContainers"
      | "collect"
      | "removeOrphans"
      | "prepare"
      | "discardPrepared"
    > = {
      capabilities: { spansHosts: this.spansHosts },
      startContainer: (executable, options = {}) =>
        this.#start(executable, options.slot!, options.attempt ?? 1, options.beforeStart),
      stopContainer: async (container) => {
        const name = typeof container === "string" ? container : container.containerId;
        const found = own(name);
        if (!found) throw new ContainerNotFoundError(name);
        if (found.phase === "exited") return { how: "already-exited", exitCode: found.exitCode!, output: "" };
        await this.#world.clock.sleep(this.#world.program(found.id).stopMs);
        this.#end(found.containerId, 143);
        return { how: "stopped", exitCode: 143, output: "" };
      },
      removeContainer: (container) => {
        const found = own(container);
        if (found?.phase === "running") {
          this.#world.broken.push(new Error(`${container} was removed while it ran`));
        }
        if (found) this.#containers.delete(found.containerId);
        return Promise.resolve();
      },
      getContainerStatus: (container) => Promise.resolve(own(container)),
      findContainers: (kind, id, { slots } = {}) =>
        Promise.resolve(
          this.list().filter((each) =>
            each.kind === kind && each.id === id && (!slots || slots.includes(each.slot!))
          ),
        ),
      watch: (options = {}) => this.#watch(options.signal, options.onOpen),
      superviseContainers: (_segment, { kind } = {}) =>
        Promise.resolve(this.list().filter((each) => kind === undefined || each.kind === kind)),
      collect: (container) => Promise.resolve(this.#collect(own(container), container)),
      removeOrphans: () => Promise.resolve([]),
      prepare: ({ id, filePath }) => {
        this.#world.prepared.push({ id, filePath, at: this.#world.clock.now() });
        return Promise.resolve();
      },
      discardPrepared: (id) => {
        this.#world.discarded.push(id);
        return Promise.resolve();
      },
    };
    return runner as Runner;
  }

  async #start(executable: Executable, slot: string, attempt: number, beforeStart?: () => void) {
    const { id } = executable;
    const kind = executable.entrypoint === "backtest" ? "backtest" : "run";
    const name = containerName(this.#instance, kind, id, slot);
    if (this.startProblem) throw this.startProblem;
    await this.#world.clock.sleep(40);
    await this.held;
    beforeStart?.();
    if (this.list().some(({ containerName }) => containerName === name)) {
      throw new ContainerConflictError(name, "the name is taken");
    }
    const containerId = `${this.#instance}-${++this.#created}`;
    const now = this.#world.clock.now();
    const container: ManagedContainer = {
      id,
      containerId,
      containerName: name,
      image: "image",
      kind,
      slot,
      specHash: "hash",
      attempt,
      segment: 0,
      phase: "running",
      createdAt: new Date(now),
      startedAt: new Date(now),
    };
    this.#containers.set(containerId, container);
    this.#world.starts.push({ name, scheduleId: id, startedAt: now });
    const { ms, exitCodes } = this.#world.program(id);
    const exitCode = exitCodes[Math.min(attempt, exitCodes.length) - 1]!;
    this.#world.clock.sleep(ms).then(() => this.#end(containerId, exitCode));
    const { specHash } = container;
    return {
      status: "running",
      containerId,
      containerName: name,
      specHash,
      created: true,
      container,
    } as const;
  }

  #end(containerId: string, exitCode: number): void {
    const found = this.#containers.get(containerId);
    if (found?.phase !== "running") return;
    const now = this.#world.clock.now();
    this.#containers.set(containerId, { ...found, phase: "exited", exitCode, finishedAt: new Date(now) });
    const start = this.#world.starts.find(({ name, endedAt }) => name === found.containerName && !endedAt);
    if (start) start.endedAt = now;
    if (!this.isSilent) { for (const watcher of this.#watchers) watcher({ id: found.id, kind: found.kind }); }
  }

  async *#watch(signal?: AbortSignal, onOpen?: () => void): AsyncGenerator<ContainerHint> {
    const hints: ContainerHint[] = [];
    let wake = () => {};
    const watcher = (hint: ContainerHint) => {
      hints.push(hint);
      wake();
    };
    this.#watchers.add(watcher);
    onOpen?.();
    signal?.addEventListener("abort", () => wake(), { once: true });
    while (!signal?.aborted) {
      yield* hints.splice(0);
      await new Promise<void>((resolve) => wake = resolve);
    }
    this.#watchers.delete(watcher);
  }

  #collect(found: ManagedContainer | undefined, container: string): CollectedRun {
    if (!found?.startedAt || !found.finishedAt) throw new ContainerNotFoundError(container);
    const { exitCode, startedAt, finishedAt, id, slot, kind } = found;
    return {
      exitCode: exitCode!,
      startedAt,
      finishedAt,
      ...(exitCode !== 0 && { message: `It ended with exit code ${exitCode}.` }),
      result: { key: `${id}/${kind === "run" ? "runs" : "backtests"}/${slot}.json` },
    };
  }
}

/** The world that the schedulers of a test share. */
export class World {
  readonly clock: FakeClock;
  readonly database = new DatabaseSync(":memory:");
  readonly starts: ModelStart[] = [];
  /** Code that was brought near. */
  readonly discarded: string[] = [];
  readonly prepared: { readonly id: string; readonly filePath: string; readonly at: number }[] = [];
  readonly engines = new Map<string, ModelEngine>();
  /** Violations that must never happen, and did. */
  readonly broken: unknown[] = [];
  readonly programs = new Map<string, Program>();
  readonly repository: SqliteScheduleRepository;
  readonly runs: SqliteRunRepository;
  #sequence = 0;

  constructor(now: string) {
    this.clock = new FakeClock(Date.parse(now));
    this.repository = new SqliteScheduleRepository(this.database, { now: () => this.clock.now() });
    this.runs = new SqliteRunRepository(this.database);
  }

  /** Prepares the stores. */
  async open(): Promise<this> {
    await this.repository.open();
    await this.runs.open();
    return this;
  }

  program(id: string): Program {
    return { ms: 300, exitCodes: [0], stopMs: 100, ...this.programs.get(id) };
  }

  engine(instance: string): ModelEngine {
    const engine = this.engines.get(instance) ?? new ModelEngine(this, instance);
    this.engines.set(instance, engine);
    return engine;
  }

  /** Writes a schedule; what is known of it before is kept. */
  async put(id: string, config: Record<string, unknown>, program: Partial<Program> = {}): Promise<void> {
    this.programs.set(id, { ...this.program(id), ...program });
    const document: BotDocument = {
      id,
      config,
      custom: {
        version: "1",
        filePath: "code",
        config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
      },
    };
    await this.repository.apply({ type: "updated", id, document, order: { sequence: ++this.#sequence } });
  }

  async delete(id: string): Promise<void> {
    await this.repository.apply({ type: "deleted", id, order: { sequence: ++this.#sequence } });
  }

  /** Every record of a schedule, the earliest slot first. */
  async records(id: string): Promise<RunRecord[]> {
    return (await this.runs.list(id, { limit: 100_000 })).reverse();
  }

  /**
   * Reads the fields of each record that a test looks at: second of the slot, trigger where it is not the usual, state,
   * reason.
   */
  async story(id: string, begin: number): Promise<string[]> {
    return (await this.records(id)).map(({ slot, trigger, state, reason }) =>
      `${slot - begin / 1000}${trigger === "schedule" ? "" : ` ${trigger}`} ${state}${
        reason ? `: ${reason}` : ""
      }`
    );
  }

  /** Two runs of a schedule that overlapped. */
  overlaps(): string[] {
    const found: string[] = [];
    for (const runs of Map.groupBy(this.starts, ({ scheduleId }) => scheduleId).values()) {
      for (const [index, run] of runs.entries()) {
        const next = runs[index + 1];
        if (next && (run.endedAt ?? Infinity) > next.startedAt) found.push(`${run.name} and ${next.name}`);
      }
    }
    return found;
  }
}

/** Options of {@linkcode startScheduler}. */
export interface ModelSchedulerOptions extends Partial<ScheduleServiceOptions> {
  /** How far its clock is ahead, in ms. */
  readonly aheadMs?: number;
  /** It is killed at its call of this number: before it, or after it was carried out and before it heard of that. */
  readonly killAt?: { readonly call: number; readonly when: "before" | "after" };
}

/** A process that runs the service. */
export interface ModelScheduler {
  readonly service: ScheduleService;
  readonly events: InProcessBotEvents;
  /** Calls to stores and engine so far, by name. */
  readonly calls: string[];
  readonly isDead: boolean;
  /** Ends it as kill -9 does: nothing of it goes on. */
  kill(): void;
  /** Freezes it, as SIGSTOP does. @returns A function that lets it go on. */
  freeze(): () => void;
  /** Ends it well. */
  stop(): Promise<void>;
}

/** Starts a scheduler in a world. */
export function startScheduler(
  world: World,
  instance: string,
  { aheadMs = 0, killAt, ...options }: ModelSchedulerOptions = {},
): ModelScheduler {
  const calls: string[] = [];
  const end = new AbortController();
  let isDead = false;
  let frozen: Promise<void> | undefined;
  const never = new Promise<never>(() => {});
  const alive = async <T>(work: () => Promise<T> | T): Promise<T> => {
    if (frozen) await frozen;
    if (isDead) return await never;
    try {
      const value = await work();
      if (frozen) await frozen;
      return isDead ? await never : value;
    } catch (error) {
      return isDead ? await never : Promise.reject(error);
    }
  };
  const mortal = <T extends object>(target: T, name: string): T =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        if (key === "watch") return value.bind(target);
        return (...args: unknown[]) => {
          const call = calls.push(`${name}.${String(key)}`);
          const isLast = killAt?.call === call;
          if (isLast && killAt.when === "before") isDead = true;
          return alive(async () => {
            const result = await value.apply(target, args);
            if (isLast) isDead = true;
            return result;
          });
        };
      },
    });
  const clock: Clock = {
    now: () => world.clock.now() + aheadMs,
    monotonic: () => world.clock.monotonic(),
    sleep: (ms, signal) => alive(() => world.clock.sleep(ms, signal)),
  };
  const events = new InProcessBotEvents({ clock });
  const service = new ScheduleService({
    repository: mortal(new SqliteScheduleRepository(world.database, { now: clock.now }), "schedules"),
    runs: mortal(new SqliteRunRepository(world.database), "runs"),
    events,
    runner: mortal(world.engine(instance).runner(), "runner"),
    instance,
    clock,
    ...options,
  });
  const running = service.run(end.signal);
  return {
    service,
    events,
    calls,
    get isDead() {
      return isDead;
    },
    kill: () => isDead = true,
    freeze: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      frozen = world.engine(instance).held = promise;
      return () => {
        frozen = world.engine(instance).held = undefined;
        resolve();
      };
    },
    stop: async () => {
      assert.ok(!isDead);
      end.abort();
      for (let turn = 0; turn < 20; turn++) await settle();
      await running;
    },
  };
}
