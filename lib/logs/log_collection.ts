/**
 * The containers whose logs are collected, and what their collectors share.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LogLimits } from "../engine/container_spec.ts";
import type { Clock } from "../util/clock.ts";
import type { Limiter } from "../util/limiter.ts";
import type { ContainerLogCollector } from "./container_log_collector.ts";
import type { LogSegment } from "./line_assembler.ts";
import type { LogFormat } from "./line_format.ts";
import type { RedactorOf } from "./line_redactor.ts";
import type { LogListener } from "./log_listener.ts";
import type { LogMode } from "./log_backpressure.ts";
import type { LogWriter } from "./log_writer.ts";

/** A container whose output is stored. */
export interface LoggedContainer {
  /** The engine's id. */
  readonly containerId: string;
  /** Id of its bot. */
  readonly id: string;
  /** When it was created. */
  readonly createdAt: Date;
  /** Slot of the run that it is, or id of the backtest; absent for a bot. Its lines are marked with it. */
  readonly run?: string | undefined;
  /** Labels of a container whose output may show secrets; absent if it has none. */
  readonly secretLabels?: Readonly<Record<string, string>>;
}

/** A container to collect from. */
export interface CollectedContainer extends LoggedContainer {
  /** Time between two writes of its log, in ms. @default {the collector's} */
  readonly intervalMs?: number;
  /** Whether it has just been started: nothing of it is stored yet, or has to be before the first interval is over. @default {false} */
  readonly isNew?: boolean;
  /** Whether it is known to have exited. @default {false} */
  readonly hasExited?: boolean;
}

/** Parts that the collectors of all containers share. */
export interface LogCollection {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus" | "attach">;
  /** Writes the logs. */
  readonly writer: LogWriter;
  /** How lines are written. */
  readonly format: LogFormat;
  /** How the engine keeps output. @default {unknown} */
  readonly spool?: LogLimits;
  /** Whether a container that prints faster than its log is stored is slowed down; needs the `spool`. */
  readonly mode: LogMode;
  /** Time between two writes of a log, in ms. */
  readonly intervalMs: number;
  /** Output of this size is stored without waiting for the interval, in bytes. */
  readonly urgentBytes: number;
  /** Limits how many logs are written at the same time. */
  readonly limit: Limiter;
  /** First day whose lines are kept, for example `20260131`; `undefined` for all. */
  readonly oldestDay: () => string | undefined;
  /** Bytes that were stored of all containers. */
  readonly storedOfAll: () => number;
  /** Called with lines of a bot that are stored. */
  readonly onStored: (id: string, segment: LogSegment) => void;
  /** Sees lines before they are stored. @default {nobody does} */
  readonly listener?: LogListener;
  /** Called before each shipment; resolves when nothing has to be stored before it. */
  readonly completeEarlier: (log: ContainerLogCollector, signal: AbortSignal) => Promise<void>;
  /** Finds what hides secrets. @default {nothing is hidden} */
  readonly redactorOf?: RedactorOf;
  /** The clock. */
  readonly clock: Clock;
}
