/**
 * The messages of supervisors.
 *
 * @module
 */

import { z } from "zod";

/** Longest output of a command, in characters. */
const MAX_OUTPUT = 256 * 1024;

/** Body of the first call: who takes an order up. */
export const beginBody = z.strictObject({
  /** Id of the task. */
  task: z.string().regex(/^[\w.-]{1,128}$/),
  /** Name of the node. */
  node: z.string().max(255),
  /** Secret of the supervisor, with which it may repeat this call: 64 hexadecimal digits. */
  nonce: z.string().regex(/^[0-9a-f]{64}$/),
});

const usage = z.strictObject({
  cpuSeconds: z.number().min(0),
  memoryBytes: z.int().min(0),
  memoryLimitBytes: z.int().min(0).exactOptional(),
  processes: z.int().min(0).exactOptional(),
});

const answer = z.strictObject({
  id: z.string().max(100),
  end: z.enum(["exited", "timed-out", "flooded", "done", "failed"]),
  exitCode: z.int().exactOptional(),
  output: z.string().max(MAX_OUTPUT),
});

/** Body of a renewal. */
export const renewBody = z.strictObject({
  nonce: beginBody.shape.nonce,
  /** How long the program has run, in ms; absent before its start. */
  ranForMs: z.number().min(0).exactOptional(),
  /** Where the state came from. */
  state: z.strictObject({
    from: z.enum(["kept", "restored", "empty"]),
    snapshot: z.string().max(40).exactOptional(),
    snapshotAt: z.string().max(40).exactOptional(),
    restore: z.string().max(40).exactOptional(),
  }).exactOptional(),
  /** The resources that the container uses. */
  usage: usage.exactOptional(),
  /** Answers to requests. */
  answers: z.array(answer).max(100).default([]),
});

/** Body of the last call. */
export const endBody = z.strictObject({
  cause: z.enum(["exited", "stopped", "fenced", "failed"]),
  exitCode: z.int().min(0).max(255),
  isKilled: z.boolean(),
  isOutOfMemory: z.boolean(),
  /** Whether the state was stored after the program had ended. */
  isStateStored: z.boolean().exactOptional(),
  message: z.string().max(4000).exactOptional(),
});

/** Facts of a snapshot whose archive is stored. */
export const snapshotBody = z.strictObject({
  reason: z.enum(["stop", "interval", "request"]),
  consistency: z.enum(["clean", "crash"]),
  files: z.int().min(0),
  bytes: z.int().min(0),
  leftOut: z.int().min(0),
  archiveBytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A renewal. */
export type RenewBody = z.infer<typeof renewBody>;
/** An answer to a request. */
export type SupervisorAnswer = z.infer<typeof answer>;

/** Something that a supervisor is asked to do. */
export type SupervisorRequest =
  | {
    /** Runs a program as the bot's user. */
    readonly kind: "command";
    /** Program and arguments. */
    readonly command: readonly string[];
    /** Variables besides the bot's. */
    readonly env: Readonly<Record<string, string>>;
    /** How long it may take, in ms. */
    readonly timeoutMs: number;
    /** How much it may print, in bytes. */
    readonly maxOutputBytes: number;
  }
  | {
    /** Makes a snapshot of the state. */
    readonly kind: "snapshot";
  };
