/**
 * The parts that the collectors of all containers share, and the source of each.
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
import type { LogMode } from "./log_backpressure.ts";
import type { LogListener } from "./log_listener.ts";
import type { LogWriter } from "./log_writer.ts";

/** A container whose output is stored. */
export interface CollectedContainer {
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
  /** Time between two writes of its log, in ms. @default {the collector's} */
  readonly intervalMs?: number;
  /** Whether it has just been started: nothing of it is stored yet, or has to be before the first interval is over. @default {false} */
  readonly isNew?: boolean;
  /** Whether it is known to have exited. @default {false} */
  readonly hasExited?: boolean;
}

/** How logs are collected. */
export interface LogCollectionOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus" | "attach">;
  /** Time between two writes of a bot's log, in ms. @default {30000} */
  readonly intervalMs?: number;
  /** How the engine keeps output: if its files are full at the first reading, lines may be lost. @default {unknown} */
  readonly spool?: LogLimits;
  /** How lines are written. @default {"ndjson"} */
  readonly format?: LogFormat;
  /** Whether a container that prints faster than its log is stored is slowed down; needs the `spool`. @default {"blocking"} */
  readonly mode?: LogMode;
  /** Output of this size is stored without waiting for the interval, in bytes. @default {1 MiB} */
  readonly urgentBytes?: number;
  /** Finds the redactor, which hides secrets in the output of a container. @default {nothing is hidden} */
  readonly redactorOf?: RedactorOf;
  /** Receives lines before they are stored. @default {none} */
  readonly listener?: LogListener;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

type OptionWithDefault = "intervalMs" | "format" | "mode" | "urgentBytes" | "clock";

/** Parts that the collectors of all containers share. */
export interface LogCollection
  extends
    Omit<LogCollectionOptions, OptionWithDefault>,
    Required<Pick<LogCollectionOptions, OptionWithDefault>> {
  /** Writes the logs. */
  readonly writer: LogWriter;
  /** Limits how many logs are written at the same time. */
  readonly limit: Limiter;
  /** First day whose lines are kept, for example `20260131`; `undefined` for all. */
  readonly oldestDay: () => string | undefined;
  /** Bytes that were stored of all containers: while they grow, a container that waits for its turn is not stalled. */
  readonly storedOfAll: () => number;
  /** Called with lines of a bot that are stored. */
  readonly onStored: (id: string, segment: LogSegment) => void;
  /** Called before each shipment; resolves when nothing has to be stored before it. */
  readonly completeEarlier: (log: ContainerLogCollector, signal: AbortSignal) => Promise<void>;
}
