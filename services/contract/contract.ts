/**
 * The contract of the API: the request and the responses of each operation. One schema checks the request, types the
 * client and becomes part of `/api/openapi.json`.
 *
 * @module
 */

import type { z } from "zod";
import { BACKTESTS_CONTRACT } from "./backtests.ts";
import { BOTS_CONTRACT } from "./bots.ts";
import { CODE_CONTRACT } from "./code.ts";
import { EVENTS_CONTRACT } from "./events.ts";
import type { OperationContract } from "./common.ts";
import { GUARDS_CONTRACT } from "./guards.ts";
import { HEALTH_CONTRACT } from "./health.ts";
import { IMAGES_CONTRACT } from "./images.ts";
import { LOGS_CONTRACT } from "./logs.ts";
import { NODES_CONTRACT } from "./nodes.ts";
import { OVERVIEW_CONTRACT } from "./overview.ts";
import { NOTIFICATIONS_CONTRACT } from "./notifications.ts";
import type { OperationId } from "./operations.ts";
import { REVISIONS_CONTRACT } from "./revisions.ts";
import { RUNS_CONTRACT } from "./runs.ts";
import { SCHEDULES_CONTRACT } from "./schedules.ts";
import { SECRETS_CONTRACT } from "./secrets.ts";
import { SERVICE_CONTRACT } from "./service.ts";
import { STATE_CONTRACT } from "./state.ts";
import { TOKENS_CONTRACT } from "./tokens.ts";
import { TRADING_SESSIONS_CONTRACT } from "./trading_sessions.ts";

/** Contracts by operation. */
export const CONTRACT = {
  ...HEALTH_CONTRACT,
  ...BOTS_CONTRACT,
  // Guards.
  ...GUARDS_CONTRACT,
  // Code and deployments.
  ...CODE_CONTRACT,
  ...IMAGES_CONTRACT,
  // Revisions.
  ...REVISIONS_CONTRACT,
  // States.
  ...STATE_CONTRACT,
  // Logs.
  ...LOGS_CONTRACT,
  // Events and statistics.
  ...EVENTS_CONTRACT,
  ...OVERVIEW_CONTRACT,
  // Schedules and runs.
  ...SCHEDULES_CONTRACT,
  ...RUNS_CONTRACT,
  ...TRADING_SESSIONS_CONTRACT,
  // Backtests.
  ...BACKTESTS_CONTRACT,
  // Nodes of a cluster.
  ...NODES_CONTRACT,
  // Notifications.
  ...NOTIFICATIONS_CONTRACT,
  // The service, tokens and the audit.
  ...SERVICE_CONTRACT,
  ...TOKENS_CONTRACT,
  // Secrets.
  ...SECRETS_CONTRACT,
  // The end of the table.
} as const satisfies Readonly<Record<OperationId, OperationContract>>;

type Contract = typeof CONTRACT;
type Parsed<T> = T extends z.ZodType ? z.output<T>
  : T extends "binary" ? ReadableStream<Uint8Array>
  : undefined;
type Given<T> = T extends z.ZodType ? z.input<T> : T extends "binary" ? BodyInit : undefined;
type Part<K extends OperationId, P extends string> = Contract[K] extends Readonly<Record<P, infer T>> ? T
  : undefined;
type Responses<K extends OperationId> = Contract[K]["responses"];

/** A checked request, as a handler gets it. */
export interface OperationRequest<K extends OperationId> {
  /** Parameters of the path. */
  readonly params: Parsed<Part<K, "params">>;
  /** Parameters of the query. */
  readonly query: Parsed<Part<K, "query">>;
  /** The body. */
  readonly body: Parsed<Part<K, "body">>;
}

type Defined<T> = { readonly [N in keyof T as T[N] extends undefined ? never : N]: T[N] };

/** A request, as a client gives it. */
export type OperationInput<K extends OperationId> = Defined<{
  params: Given<Part<K, "params">>;
  query: Partial<Given<Part<K, "query">>> | ([Part<K, "query">] extends [undefined] ? undefined : never);
  body: Given<Part<K, "body">>;
}>;

/** Body of a successful response. */
export type OperationOutput<K extends OperationId> = {
  [S in keyof Responses<K>]: Responses<K>[S] extends z.ZodType ? z.output<Responses<K>[S]> : undefined;
}[keyof Responses<K>];
