/**
 * Port for what a container needs besides its code: each source prepares one thing and says how the container sees it.
 *
 * @module
 */

import type { BindMount, TmpfsMount } from "../engine/container_spec.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { FileOwner } from "../util/files.ts";
import type { Executable } from "./executable.ts";

/** The start that a source prepares. */
export interface StartContext {
  /** Absolute path of the container's own folder on the host, which is removed with the container. */
  readonly workspace: string;
  /** Purpose of the container. */
  readonly kind: ContainerKind;
  /** User that the container runs as. */
  readonly user: FileOwner;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** The additions of a source to a container. */
export interface StartPart {
  /** Folders and files of the host. @default {none} */
  readonly binds?: readonly BindMount[];
  /** Folders in memory. @default {none} */
  readonly tmpfs?: readonly TmpfsMount[];
  /** Environment variables. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
}

/** Prepares a part of every container. */
export interface StartSource {
  /**
   * Checks, before a running container is stopped for it, that a start will not fail. May be absent.
   *
   * @param executable The executable to start.
   * @param signal Cancels the call.
   */
  check?(executable: Executable, signal?: AbortSignal): Promise<void>;
  /**
   * Prepares the part of one container. A start that fails afterwards removes the workspace; whatever the source has put
   * elsewhere, it must find and remove itself.
   *
   * @param executable A validated executable.
   * @param context The start.
   */
  prepare(executable: Executable, context: StartContext): Promise<StartPart>;
}
