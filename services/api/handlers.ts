/**
 * The form of a handler.
 *
 * @module
 */

import type { OperationOutput, OperationRequest } from "../contract/contract.ts";
import type { OperationId } from "../contract/operations.ts";
import type { Caller } from "./api_parts.ts";

/** A checked request, with who makes it. */
export interface ApiRequest<K extends OperationId> extends OperationRequest<K> {
  /** The caller. */
  readonly caller: Caller;
  /** Reads a header. @param name Its name. */
  header(name: string): string | undefined;
  /** Why the leader, which knows more, has not answered instead. */
  readonly unreached?: string;
  /** Aborted when the client goes away or the server ends. */
  readonly signal: AbortSignal;
}

/** A response of JSON, or none. */
export interface ApiResponse<T> {
  /** @default 200, or 204 without a body */
  readonly status?: number;
  /** The body, as JSON in which a `bigint` keeps its digits. */
  readonly body?: T;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Handles an operation. Errors become problems. */
export type Handler<K extends OperationId> = (
  request: ApiRequest<K>,
) => Promise<ApiResponse<OperationOutput<K>> | Response>;

/** The handlers of some operations. */
export type Handlers<K extends OperationId = OperationId> = { readonly [N in K]: Handler<N> };
