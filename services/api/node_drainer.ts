/**
 * Empties nodes: restarts their bots one by one, each once the one before runs elsewhere.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { RunnerNode, RunnerNodes } from "../../lib/runner/runner_nodes.ts";
import type { StartHistory } from "../revisions/start_history.ts";
import type { ApiParts, BotsPort } from "./api_parts.ts";
import type { DrainRecords, StoredDrain } from "./drain_records.ts";
import { OpenWork } from "./open_work.ts";
import { type DrainSituation, leave, planDrain } from "./plan_drain.ts";
import { restartRefusal } from "./restart_refusal.ts";

/** Dependencies of {@linkcode NodeDrainer}. */
export interface NodeDrainerParts extends Pick<ApiParts, "bots" | "guards" | "settings" | "clock"> {
  /** The drains. */
  readonly drains: DrainRecords;
  /** The nodes. */
  readonly nodes: RunnerNodes;
  /** The bots that this process looks after. */
  readonly botService: BotsPort;
  /** Whether it looks after them now. Only one of several processes drains. */
  readonly isServing: () => boolean;
  /** Notes who causes a start. */
  readonly starts: Pick<StartHistory, "ask">;
}

/** Time between two looks for drains that another process has begun, in ms. */
const IDLE_MS = 2000;

/** A drain, and the nodes as they were listed for it. */
interface OpenDrain {
  readonly stored: StoredDrain;
  readonly nodes: readonly RunnerNode[];
}

/** Goes on with all drains until it is disposed. Their state is in the database. */
export class NodeDrainer implements Disposable {
  readonly #parts: NodeDrainerParts;
  readonly #work: OpenWork<OpenDrain>;
  /** The bot that this process has restarted last, for each drain. */
  readonly #asked = new Map<string, string>();
  /** The bot whose move this process looks at, for each drain. */
  readonly #seen = new Map<string, string | undefined>();
  readonly #log = getLogger(["berth", "nodes"]);

  /** @param parts See {@linkcode NodeDrainerParts}. */
  constructor(parts: NodeDrainerParts) {
    this.#parts = parts;
    this.#work = new OpenWork({
      ...parts,
      idleMs: IDLE_MS,
      list: (signal) => this.#list(signal),
      look: (open, signal) => this.#look(open, signal),
      onError: (error, open) =>
        this.#log.debug("drain not looked at", {
          node: open?.stored.drain.name,
          problem: messageOf(error),
        }),
    });
  }

  /** Looks now, because a drain has begun. */
  wake(): void {
    this.#work.wake();
  }

  /** Ends the looks; the next process goes on. */
  [Symbol.dispose](): void {
    this.#work[Symbol.dispose]();
  }

  async #list(signal: AbortSignal): Promise<OpenDrain[]> {
    const open = (await this.#parts.drains.list({ signal })).filter(({ drain }) =>
      drain.state === "draining"
    );
    const nodes = open.length > 0 ? await this.#parts.nodes.list({ signal }) : [];
    return open.map((stored) => ({ stored, nodes }));
  }

  async #look({ stored, nodes }: OpenDrain, signal: AbortSignal): Promise<void> {
    const { drains, clock } = this.#parts;
    const { drain } = stored;
    const node = nodes.find(({ id }) => id === drain.node);
    const key = `${drain.node} ${drain.startedAt}`;
    const find = await this.#finder(drain.moving ? [drain.moving.bot] : node?.bots ?? [], signal);
    const isAsked = drain.moving !== undefined && this.#asked.get(key) === drain.moving.bot;
    const isTakenOver = drain.moving !== undefined && this.#seen.get(key) !== drain.moving.bot;
    const { drain: next, restart } = planDrain({
      drain,
      node,
      find,
      isAsked,
      isTakenOver,
      now: clock.now(),
    });
    // Somebody who has changed it meanwhile may have ended it.
    if (next !== drain && !await drains.change(stored, next, { signal })) return;
    this.#seen.set(key, next.moving?.bot);
    if (next.state !== "draining") {
      this.#asked.delete(key);
      this.#seen.delete(key);
      this.#log.info("drain ended", { node: drain.name, state: next.state, reason: next.reason });
    }
    if (restart === undefined) return;
    const refused = await this.#restart(restart, drain.by, signal);
    if (refused === undefined) return;
    if (refused === "") return void this.#asked.set(key, restart);
    const now = await drains.get(drain.node, { signal });
    if (now?.drain.moving?.bot === restart) await drains.change(now, leave(now.drain, refused), { signal });
  }

  /** @returns Empty if it is restarted, else why it may not be; `undefined` if no service knows it yet. */
  async #restart(id: string, by: string, signal: AbortSignal): Promise<string | undefined> {
    const { bots, botService, starts } = this.#parts;
    const document = await bots.get(id, { signal });
    if (!document) return "not restarted: it has no document";
    const refusal = restartRefusal(id, document, this.#parts);
    if (refusal) return `not restarted: ${refusal.summary}`;
    starts.ask(id, "restart", by);
    return botService.restart(id) ? "" : undefined;
  }

  async #finder(ids: readonly string[], signal: AbortSignal): Promise<DrainSituation["find"]> {
    const { bots, botService } = this.#parts;
    const gone = new Set<string>();
    for (const id of ids) {
      if (!botService.state.getRunningBot(id) && !await bots.get(id, { signal })) gone.add(id);
    }
    return (id) => botService.state.getRunningBot(id) ?? (gone.has(id) ? "gone" : "unknown");
  }
}
