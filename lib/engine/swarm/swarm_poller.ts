/**
 * Notices what happens to the tasks of a Swarm. Managers report no events of tasks, so this asks for those that have
 * ended: a short list, whose cost does not grow with the tasks that run.
 *
 * @module
 */

import type { Clock } from "../../util/clock.ts";
import type { ServiceRef, SwarmServices } from "./swarm_services.ts";
import type { SwarmNode, SwarmTask } from "./swarm_answers.ts";

/** Something has happened to the task of a service. */
export interface TaskChange {
  /** The service. */
  readonly serviceId: string;
  /** `run`: it was starting and now runs. `die`: it has ended, or its node is down or back. */
  readonly action: "run" | "die";
  /** Whether it certainly prints no more. */
  readonly hasEnded: boolean;
}

/** Options of a {@linkcode SwarmPoller}. */
export interface SwarmPollerOptions {
  /** The calls. */
  readonly services: Pick<SwarmServices, "list" | "tasks" | "tasksOf" | "nodes">;
  /** Labels of the services to watch. */
  readonly labels: Readonly<Record<string, string>>;
  /** The clock. */
  readonly clock: Clock;
  /** Time between two looks, in ms. @default {1_000} */
  readonly intervalMs?: number;
}

/** How long to wait for the start of a task. */
export interface StartLimits {
  /** The longest wait while a node starts the container, in ms. */
  readonly limitMs: number;
  /** The longest wait for a node to begin, in ms: none may suit, or it may fetch an image. */
  readonly pendingLimitMs: number;
}

interface StartingService {
  readonly name: string;
  /** How many looks in a row did not see its task. */
  misses: number;
}

type Listener = (change: TaskChange) => void;

/** States in which a task has ended. */
const ENDED: ReadonlySet<string> = new Set(["complete", "shutdown", "failed", "rejected"]);

/** States in which a node has the image and starts the container. */
const BEGUN: ReadonlySet<string> = new Set(["ready", "starting"]);

/** A service whose task is not seen in this many looks is gone. */
const MAX_MISSES = 10;

/** So many services whose start is expected are named in a look: the list of all tasks grows with what runs. */
const MAX_NAMED = 100;

/** In one of this many looks, this asks whether the services that are followed are still there: a long list. */
const LOOKS_PER_LIST = 30;

/** Looks once a second while somebody listens. */
export class SwarmPoller {
  readonly #options: SwarmPollerOptions;
  readonly #listeners = new Set<Listener>();
  readonly #failures = new Set<(error: unknown) => void>();
  /** State of each task that has ended or been told to, with that of its node. */
  #ended = new Map<string, string>();
  /** Services whose task is to run, by their ids. */
  readonly #starting = new Map<string, StartingService>();
  /** Services whose task a node starts. */
  #begun: ReadonlySet<string> = new Set();
  /** Services whose end somebody waits for, with their number. */
  readonly #followed = new Map<string, number>();
  #looks = 0;
  #polling: AbortController | undefined;

  /** @param options See {@linkcode SwarmPollerOptions}. */
  constructor(options: SwarmPollerOptions) {
    this.#options = options;
  }

  /**
   * Listens for changes.
   *
   * @param listener Called with each. Must not throw.
   * @param onFailure Called when a look fails; the next one follows all the same.
   * @returns A function that ends the listening.
   */
  listen(listener: Listener, onFailure: (error: unknown) => void = () => {}): () => void {
    this.#listeners.add(listener);
    this.#failures.add(onFailure);
    if (!this.#polling) void this.#poll(this.#polling = new AbortController());
    return () => {
      this.#listeners.delete(listener);
      this.#failures.delete(onFailure);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Reports once a service's task runs. @param service A service whose task is starting. */
  expectStart({ id, name }: ServiceRef): void {
    this.#starting.set(id, { name, misses: 0 });
  }

  /**
   * Reports also if a service is removed, which takes its tasks out of all lists. That may take half a minute.
   *
   * @param serviceId Id of the service.
   * @returns A function that ends this.
   */
  expectEnd(serviceId: string): () => void {
    this.#followed.set(serviceId, (this.#followed.get(serviceId) ?? 0) + 1);
    return () => {
      const others = this.#followed.get(serviceId)! - 1;
      if (others > 0) this.#followed.set(serviceId, others);
      else this.#followed.delete(serviceId);
    };
  }

  /**
   * Waits until the task of a service runs or has ended, the time is over, or the looks end.
   *
   * @param serviceId Id of a service whose start is expected.
   * @param limits See {@linkcode StartLimits}.
   */
  async untilStarted(serviceId: string, { limitMs, pendingLimitMs }: StartLimits): Promise<void> {
    const changed = new AbortController();
    const stopListening = this.listen((change) => {
      if (change.serviceId === serviceId) changed.abort();
    });
    const over = AbortSignal.any([changed.signal, this.#polling!.signal]);
    const { clock } = this.#options;
    await clock.sleep(pendingLimitMs, over).catch(() => {});
    if (!over.aborted && this.#begun.has(serviceId)) {
      await clock.sleep(limitMs - pendingLimitMs, over).catch(() => {});
    }
    stopListening();
  }

  /** Ends all looks. */
  close(): void {
    this.#polling?.abort(new DOMException("The tasks are no longer watched", "AbortError"));
    this.#polling = undefined;
  }

  async #poll({ signal }: AbortController): Promise<void> {
    const { clock, intervalMs = 1_000 } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#look(signal);
      } catch (error) {
        if (!signal.aborted) { for (const onFailure of [...this.#failures]) onFailure(error); }
      }
      await clock.sleep(intervalMs, signal).catch(() => {});
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { services, labels } = this.#options;
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const isExpecting = this.#starting.size > 0;
    const [over, live, nodes] = await Promise.all([
      services.tasks({ label, "desired-state": ["shutdown"] }, { signal }),
      this.#tasksOfStarting(label, signal),
      services.nodes({ signal }),
    ]);
    this.#tellEnded(over, nodes);
    const begun = live.filter(({ Status }) => BEGUN.has(Status.State));
    this.#begun = new Set(begun.map(({ ServiceID }) => ServiceID));
    if (++this.#looks % LOOKS_PER_LIST === 0 && this.#followed.size > 0) {
      await this.#tellRemoved(signal);
    }
    if (isExpecting) this.#forgetGone([...over, ...live]);
    for (const { ServiceID: serviceId, Status } of [...over, ...live]) {
      const isOver = Status.State === "running" || ENDED.has(Status.State);
      if (!isOver || !this.#starting.delete(serviceId)) continue;
      if (Status.State === "running") this.#tell({ serviceId, action: "run", hasEnded: false });
    }
  }

  /** The tasks that are to run of the services whose start is expected, perhaps with others. */
  async #tasksOfStarting(label: readonly string[], signal: AbortSignal): Promise<SwarmTask[]> {
    const { services } = this.#options;
    if (this.#starting.size === 0) return [];
    if (this.#starting.size <= MAX_NAMED) {
      const named = [...this.#starting].map(([id, { name }]) => ({ id, name }));
      const tasks = await services.tasksOf(named, { signal });
      return tasks.filter(({ DesiredState }) => DesiredState === "running");
    }
    return await services.tasks({ label, "desired-state": ["running"] }, { signal });
  }

  async #tellRemoved(signal: AbortSignal): Promise<void> {
    // Those that are followed now were there before the list.
    const followed = [...this.#followed.keys()];
    const there = new Set(
      (await this.#options.services.list({ id: followed }, { signal })).map(({ ID }) => ID),
    );
    for (const serviceId of followed) {
      if (!there.has(serviceId)) this.#tell({ serviceId, action: "die", hasEnded: true });
    }
  }

  /** A service may be removed before its task runs. */
  #forgetGone(tasks: readonly SwarmTask[]): void {
    const seen = new Set(tasks.map(({ ServiceID }) => ServiceID));
    for (const [serviceId, starting] of this.#starting) {
      if (seen.has(serviceId)) starting.misses = 0;
      else if (++starting.misses > MAX_MISSES) this.#starting.delete(serviceId);
    }
  }

  #tellEnded(tasks: readonly SwarmTask[], nodes: readonly SwarmNode[]): void {
    const states = new Map(nodes.map(({ ID, Status }) => [ID, Status.State]));
    const before = this.#ended;
    this.#ended = new Map();
    for (const { ID, ServiceID: serviceId, NodeID = "", Status } of tasks) {
      const hasEnded = ENDED.has(Status.State);
      const state = hasEnded ? Status.State : `${Status.State} on a node ${states.get(NodeID)}`;
      this.#ended.set(ID, state);
      if (before.get(ID) !== state) this.#tell({ serviceId, action: "die", hasEnded });
    }
  }

  #tell(change: TaskChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
