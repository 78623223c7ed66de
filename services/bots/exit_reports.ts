/**
 * Reports containers of bots that have exited.
 *
 * @module
 */

import { exitOf } from "../../lib/runner/describe_exit.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { BotTable } from "./bot_table.ts";
import type { ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode ExitReports}. */
export interface ExitReportsOptions {
  /** The bots, with the exit that was reported last of each. */
  readonly bots: BotTable;
  /** Takes the reports. */
  readonly state: Pick<ServiceState, "report">;
  /** The time. */
  readonly clock: Pick<Clock, "now">;
}

/** Reports each exited container once. */
export class ExitReports {
  readonly #options: ExitReportsOptions;

  /** @param options See {@linkcode ExitReportsOptions}. */
  constructor(options: ExitReportsOptions) {
    this.#options = options;
  }

  /**
   * Reports the containers that have exited, the oldest first, unless they were reported before.
   *
   * @param id Id of the bot.
   * @param containers Its containers.
   */
  report(id: string, containers: readonly ManagedContainer[]): void {
    const { bots, state, clock } = this.#options;
    const exited = containers.filter(({ phase, isForeign }) => phase === "exited" && !isForeign)
      .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    for (const container of exited) {
      if (bots.get(id)?.reportedExit === container.containerId) continue;
      bots.update(id, { reportedExit: container.containerId });
      const { containerId, attempt, createdAt, startedAt = createdAt, finishedAt } = container;
      state.report({
        type: "exited",
        id,
        containerId,
        attempt,
        startedAt,
        at: finishedAt ?? new Date(clock.now()),
        exit: exitOf(container),
      });
    }
  }
}
