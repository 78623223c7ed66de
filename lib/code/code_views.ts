/**
 * Gives each container its own view of a shared tree.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { BindMount, OverlayMount } from "../engine/container_spec.ts";
import { EngineError } from "../errors.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import { type CodeTree, treeBytes } from "./code_tree.ts";
import { copyTree } from "./copy_tree.ts";

/** The mounts through which a container sees its code. */
export interface CodeView {
  /** Folders of the host to bind. */
  readonly binds: readonly BindMount[];
  /** Overlays over shared folders. */
  readonly overlays: readonly OverlayMount[];
}

/** Options of {@linkcode CodeViews.create}. */
export interface CreateViewOptions {
  /** Absolute path of the workspace of the container. */
  readonly folder: string;
  /** Absolute path of the view in the container. */
  readonly target: string;
  /** User that writes to the view. @default {the user that Berth runs as} */
  readonly owner?: FileOwner;
  /** Absolute paths of folders to merge over the tree. @default {[]} */
  readonly layers?: readonly string[];
  /** Largest tree that is copied, in bytes, where the view is made ahead of a start. @default {a small one} */
  readonly copyBytes?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Characters that separate paths in the options of a mount. */
const SEPARATORS = /[:,\\"]/;
/**
 * Largest tree that is copied where an overlay would do. A copy takes 0.04 ms a file. An overlay takes 7 ms among 50
 * containers, more than half of it for reading its line in the host's table of mounts at each later start.
 */
const SMALL = { entries: 64, bytes: 256 * 1024 };
/** The same where a copy is made ahead. */
const AHEAD_ENTRIES = 1000;
/** Longest mount options, in bytes: the kernel accepts one page. */
const MAX_OPTION_BYTES = 3_500;

/**
 * Makes views. With overlayfs, the kernel merges the tree and the changes of the container, and nothing is copied. A
 * container gets a copy of a small tree, since that costs less than a mount, and of any tree if the engine cannot mount
 * overlays (for example a rootless engine before Linux 5.11); the first start finds out.
 */
export class CodeViews {
  readonly #log = getLogger(["berth", "runner"]);
  #overlay: boolean;

  /**
   * @param overlay Whether to try overlays, which the kernel can only mount for files of root.
   */
  constructor(overlay: boolean) {
    this.#overlay = overlay;
  }

  /**
   * Makes a view in a workspace.
   *
   * @param tree The tree.
   * @param options See {@linkcode CreateViewOptions}.
   * @returns The mounts of the container.
   * @throws {BerthError} If the folder cannot be written (`archive/io`).
   */
  async create(tree: CodeTree, options: CreateViewOptions): Promise<CodeView> {
    const { folder, target, owner, layers = [], copyBytes = 0, signal } = options;
    const view = `${folder}/view`;
    const overlay: OverlayMount = {
      lower: [...layers, tree.path, tree.base],
      upper: view,
      work: `${folder}/work`,
      target,
    };
    return await onDisk(`write to '${folder}'`, async () => {
      Deno.mkdirSync(view, { mode: 0o700 });
      const isCheapToCopy = (layers.length === 0 && isWithin(tree, SMALL)) ||
        isWithin(tree, { entries: AHEAD_ENTRIES, bytes: copyBytes });
      if (this.#overlay && !isCheapToCopy && fits(overlay)) {
        Deno.mkdirSync(overlay.work, { mode: 0o700 });
        if (owner) Deno.chownSync(view, owner.uid, owner.gid);
        return { binds: [], overlays: [overlay] };
      }
      await copyTree(tree, view, { layers, owner, signal });
      return { binds: [{ source: view, target }], overlays: [] };
    });
  }

  /**
   * Whether an engine has refused a container because it cannot mount overlays. If so, later views are copies.
   *
   * @param view The view of the container.
   * @param error Error of the start.
   * @returns True if the start should be tried again with a new view.
   */
  isRefused({ overlays }: CodeView, error: unknown): boolean {
    if (overlays.length === 0 || !(error instanceof EngineError)) return false;
    if (!/failed to mount local volume|error while mounting volume/.test(error.message)) return false;
    const isThere = overlays.flatMap(({ lower, upper, work }) => [...lower, upper, work]).every(exists);
    if (!isThere) return false;
    if (this.#overlay) {
      this.#log.info("engine cannot mount overlays: each container gets a copy of its code", {
        problem: error.message,
      });
    }
    this.#overlay = false;
    return true;
  }
}

function isWithin(tree: CodeTree, { entries, bytes }: typeof SMALL): boolean {
  const { files, folders } = tree.manifest;
  return files.length + folders.length <= entries && treeBytes(tree) <= bytes;
}

function fits({ lower, upper, work }: OverlayMount): boolean {
  const paths = [...lower, upper, work];
  const bytes = new TextEncoder().encode(paths.join(":")).length;
  return bytes <= MAX_OPTION_BYTES && !paths.some((path) => SEPARATORS.test(path));
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}
