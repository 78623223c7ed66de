/**
 * The port to the ways in which builders get their input and hand over their result.
 *
 * @module
 */

import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { BindMount, ContainerSpec } from "../engine/container_spec.ts";
import type { SecretReferences } from "../secrets/secret_resolver.ts";
import type { FileOwner } from "../util/files.ts";

/** Folder of a builder with its programs and its task. */
export const INPUT = "/input";
/** Folder of a builder that it writes to. */
export const WORK = "/build";

/** The parts of an engine that builds need. */
export type BuildEngine = Pick<
  ContainerOrchestrator,
  | "createAndStart"
  | "getLogs"
  | "inspectImage"
  | "listLayers"
  | "pullImage"
  | "readFolder"
  | "remove"
  | "runCommand"
  | "wait"
>;

/** The input of a builder. */
export interface BuilderInput {
  /** Name of the workspace of the build. */
  readonly name: string;
  /** Absolute path of that workspace, which is empty. At the end, the output of the builder is in its folder `work`. */
  readonly folder: string;
  /** The engine that the builder runs on. */
  readonly engine: BuildEngine;
  /** User that the builder runs as. */
  readonly user: FileOwner;
  /** Texts in {@linkcode INPUT} by name. They may hold passwords: only the user reads them. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders of this host that the builder reads. */
  readonly folders: readonly BindMount[];
  /** Variables of the tools, by references to secrets. */
  readonly secrets: SecretReferences;
}

/** The files of one builder. */
export interface GivenFiles {
  /** Values by name of the secret. */
  readonly secrets: ReadonlyMap<string, string>;
  /**
   * Starts the builder with its input. A start that fails leaves only the container.
   *
   * @param spec The container, without mounts of its own.
   * @param signal Cancels the call.
   */
  start(spec: ContainerSpec, signal: AbortSignal): Promise<ContainerInfo>;
  /**
   * Measures what the builder has written so far, in bytes.
   *
   * @param enoughBytes Size at which the measurement may end early.
   * @param signal Cancels the call.
   */
  measure(enoughBytes: number, signal: AbortSignal): Promise<number>;
  /**
   * Copies the files of an ended builder to this host. Skips files that are missing or not regular.
   *
   * @param container Id of the container.
   * @param names Their names in {@linkcode WORK}.
   * @param signal Cancels the call.
   */
  collect(container: string, names: readonly string[], signal: AbortSignal): Promise<void>;
}

/** A way to give builders their files. */
export interface BuilderFiles {
  /**
   * Prepares the files of a builder.
   *
   * @param input See {@linkcode BuilderInput}.
   * @param signal Cancels the call.
   * @throws {SecretUnavailableError} If a secret has no usable value.
   * @throws {BerthError} If the workspace cannot be written (`archive/io`).
   */
  give(input: BuilderInput, signal: AbortSignal): Promise<GivenFiles>;
}
