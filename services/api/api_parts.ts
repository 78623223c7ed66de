/**
 * The dependencies of the API. It reaches databases, object store and containers only through ports.
 *
 * @module
 */

import type { ExtractionPool } from "../../lib/archive/extraction_pool.ts";
import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import type { ResourceLimits } from "../../lib/engine/container_spec.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { LimitBounds } from "../../lib/runner/limit_bounds.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Calendars } from "../calendars/calendar.ts";
import type { BacktestRepository } from "../backtests/backtest_repository.ts";
import type { BacktestService } from "../backtests/backtest_service.ts";
import type { BotService } from "../bots/bot_service.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { KnownDocuments } from "../documents/known_documents.ts";
import type { Guards } from "../guards/guards.ts";
import type { RecordStore } from "../records/record_store.ts";
import type { RunRepository } from "../schedules/run_repository.ts";
import type { ScheduleRepository } from "../schedules/schedule_repository.ts";
import type { ScheduleService } from "../schedules/schedule_service.ts";
import type { ServiceMetrics } from "../metrics/service_metrics.ts";
import type { UsageSampler } from "../metrics/usage_sampler.ts";
import type { PartAbout, ServingAbout } from "../contract/service.ts";
import type { SecretsPort } from "./encrypted_secret_handlers.ts";
import type { NotificationsPort } from "./notification_handlers.ts";
import type { PeerAddresses } from "./forwarder.ts";
import type { LeadersPort } from "./leaders_port.ts";
import type { HostNames } from "./request_origin.ts";

/** The part of the bot service that the API uses. */
export type BotsPort = Pick<BotService, "state" | "apply" | "wake" | "restart" | "trouble" | "bookkeep">;

/** The part of the schedule service that the API uses. */
export type SchedulesPort = Pick<ScheduleService, "state" | "apply" | "runNow">;

/** The part of the backtest service that the API uses. */
export type BacktestsPort = Pick<BacktestService, "submit" | "cancel">;

/** The part of the guards that the API uses. */
export type GuardsPort = Pick<Guards, "isOpen" | "show" | "lastSettings" | "latches" | "fleet" | "release">;

/** The part of the extractor that the API uses to check archives. */
export type ArchivesPort = Pick<ExtractionPool, "check">;

/** The dependencies of the API. */
export interface ApiParts {
  /** The documents of the bots. */
  readonly bots: KnownDocuments;
  /** The documents of the schedules. */
  readonly schedules: ScheduleRepository;
  /** The ledger of runs. */
  readonly runs: RunRepository;
  /** Tokens, audit lines, backtests and other small records. */
  readonly records: RecordStore;
  /** The backtests. */
  readonly backtests: BacktestRepository;
  /** Code, results and logs. */
  readonly store: ObjectStore;
  /** The containers. */
  readonly runner: Runner;
  /** The encrypted file of secrets. */
  readonly secrets: SecretsPort;
  /** The notifications. */
  readonly notifications: NotificationsPort;
  /** The guards of the bots. */
  readonly guards: GuardsPort;
  /** The bot service; absent if this process does not run it. */
  readonly botService?: BotsPort;
  /** The backtest service; absent if this process does not run it. */
  readonly backtestService?: BacktestsPort;
  /** The schedule service; absent if this process does not run it. */
  readonly scheduleService?: SchedulesPort;
  /** Announces a written change to other programs. */
  readonly announce: (kind: "bots" | "schedules", change: BotChange) => Promise<void>;
  /** Checks uploaded archives. */
  readonly archives: ArchivesPort;
  /** Settings that are not secret. */
  readonly settings: ApiSettings;
  /** The clock. */
  readonly clock: Clock;
  /** The TCP entrance; absent if there is none. */
  readonly tcp?: TcpSettings;
  /** Measures containers. */
  readonly usage: Pick<UsageSampler, "measure" | "measureOne" | "historyOf">;
  /** The metrics of the process. */
  readonly metrics: Pick<ServiceMetrics, "page">;
  /** The data of the process for `GET /api/service`. */
  readonly process?: ProcessAbout;
  /** Reaches the Berths that lead; absent if there is no way to them. */
  readonly peers?: PeersPort;
}

/** The other Berths of the database. */
export interface PeersPort extends PeerAddresses {
  /** Knows the leader. */
  readonly leaders: LeadersPort;
}

/** How clients reach the TCP entrance. */
export interface TcpSettings extends HostNames {
  /** Port that it listens at. */
  readonly port: () => number | undefined;
  /** Whether browsers reach it by TLS. */
  readonly isSecure: boolean;
  /** Whether a proxy is in front of it. */
  readonly isBehindProxy: boolean;
}

/** The data of a process. */
export interface ProcessAbout {
  /** Version of Berth. */
  readonly version: string;
  /** The configuration, in which every secret is redacted. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Reports who serves. */
  readonly serving: () => readonly ServingAbout[];
  /** Checks the servers and the engine. */
  readonly look: (signal: AbortSignal) => Promise<readonly PartAbout[]>;
}

/** Settings that the API uses and shows. None is secret. */
export interface ApiSettings {
  /** Name of the instance. */
  readonly instance: string;
  /** Segment that is served, -1 for all. */
  readonly segment: number;
  /** How long a list of bots may lack changes that other programs make without an event, in ms. */
  readonly listMaxAgeMs: number;
  /** How long the audit is kept, in ms. */
  readonly auditMaxAgeMs: number;
  /** Names of the buckets. */
  readonly buckets: { readonly code: string; readonly results: string; readonly logs: string };
  /** How many revisions one can go back to, unless a document says otherwise. */
  readonly keepRevisions: number;
  /** Largest state that a bot may ask for, in bytes. */
  readonly stateBytes: number;
  /** Limits of an archive that a start accepts. */
  readonly archiveLimits: ArchiveLimits;
  /** The bounds of a bot's limits. */
  readonly bounds: LimitBounds;
  /** The trading calendars. */
  readonly calendars: Calendars;
  /** Limits of a container whose bot sets none. */
  readonly resources: ResourceLimits;
  /** Network of a container whose bot sets none. */
  readonly network: string;
  /** Absolute path of the folder for uploads under way. */
  readonly uploadFolder: string;
}

/** The caller. */
export interface Caller {
  /** Name for the audit: `local`, `token NAME` or `session of NAME`. */
  readonly name: string;
  /** The caller's right. */
  readonly role: "read" | "operate";
  /** Where the call comes from: `unix`, `unix at ADDRESS` of the Berth that has passed it on, or an address. */
  readonly from: string;
  /** Id of the token that it carries. */
  readonly tokenId?: string;
  /** When that token ends, in ms since the epoch; absent if it does not. */
  readonly tokenEnds?: number;
  /** Id of the session that it carries. */
  readonly sessionId?: string;
  /** Whether another Berth has passed the call on. @default {false} */
  readonly isPassedOn?: boolean;
}
