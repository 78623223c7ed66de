/**
 * Gives each container a view of its own of a shared tree.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { BindMount, OverlayMount } from "../engine/container_spec.ts";
import { EngineError } from "../errors.ts";
import { type FileOwner, onDisk } from "../util/files.ts";
import type { CodeTree } from "./code_tree.ts";
import { copyTree } from "./copy_tree.ts";

/** How a container is to see its code. */
export interface CodeView {
  /** Folders of the host. */
  readonly binds: readonly BindMount[];
  /** Views of shared folders. */
  readonly overlays: readonly OverlayMount[];
}

/** Options of {@linkcode CodeViews.create}. */
export interface CreateViewOptions {
  /** Absolute path of the workspace of the container. */
  readonly folder: string;
  /** Absolute path of the view in the container. */
  readonly target: string;
  /** Who writes to the view; absent: the user that Berth runs as. */
  readonly owner?: FileOwner;
  /** Absolute paths of folders that are merged over the tree. */
  readonly layers?: readonly string[];
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Characters that separate paths in the options of a mount. */
const SEPARATORS = /[:,\\"]/;
/** The kernel takes a page of options. */
const MAX_OPTION_BYTES = 3_500;

/**
 * Makes views. The kernel merges tree and changes (overlayfs), which copies nothing; where it cannot, on a rootless
 * engine or an old kernel, each container gets a copy. The first start finds out.
 */
export class CodeViews {
  readonly #log = getLogger(["berth", "runner"]);
  #overlay: boolean;

  /**
   * @param overlay Whether views without a copy are tried: only for root's files can the kernel mount them.
   */
  constructor(overlay: boolean) {
    this.#overlay = overlay;
  }

  /**
   * Makes what a view needs in a workspace.
   *
   * @param tree The tree.
   * @param options See {@linkcode CreateViewOptions}.
   * @returns How the container is to be mounted.
   * @throws {BerthError} If the folder cannot be written (`archive/io`).
   */
  async create(tree: CodeTree, options: CreateViewOptions): Promise<CodeView> {
    const { folder, target, owner, layers = [], signal } = options;
    const view = `${folder}/view`;
    const overlay: OverlayMount = {
      lower: [...layers, tree.path, tree.base],
      upper: view,
      work: `${folder}/work`,
      target,
    };
    return await onDisk(`write to '${folder}'`, async () => {
      await Deno.mkdir(view, { mode: 0o700 });
      if (this.#overlay && fits(overlay)) {
        await Promise.all([Deno.mkdir(overlay.work, { mode: 0o700 }), give(view, owner)]);
        return { binds: [], overlays: [overlay] };
      }
      await copyTree(tree, view, { layers, owner, signal });
      return { binds: [{ source: view, target }], overlays: [] };
    });
  }

  /**
   * Takes the answer of an engine to a container with a view.
   *
   * @param view The view.
   * @param error What the engine said.
   * @returns True when it cannot mount such views: from now on others are made, and the start can be tried again.
   */
  isRefused({ overlays }: CodeView, error: unknown): boolean {
    if (overlays.length === 0 || !(error instanceof EngineError)) return false;
    if (!/failed to mount local volume|error while mounting volume/.test(error.message)) return false;
    const isThere = overlays.flatMap(({ lower, upper, work }) => [...lower, upper, work]).every(exists);
    if (!isThere) return false;
    if (this.#overlay) {
      this.#log.info("the engine cannot mount views of shared code, so each container gets a copy", {
        problem: error.message,
      });
    }
    this.#overlay = false;
    return true;
  }
}

async function give(path: string, owner: FileOwner | undefined): Promise<void> {
  if (owner) await Deno.chown(path, owner.uid, owner.gid);
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
