/**
 * Reuses the bytecode of other trees.
 *
 * @module
 */

import { unlessMissing } from "../util/files.ts";
import type { CodeTree } from "./code_tree.ts";

/** A tree whose bytecode may be reused. */
export interface BytecodeDonor {
  /** The tree. */
  readonly tree: CodeTree;
  /** Absolute path of its bytecode, which need not exist. */
  readonly layer: string;
}

/** Number of files linked before other work gets a turn. */
const BATCH = 500;

/**
 * Links the bytecode of each source file that a donor has at the same path with the same content.
 *
 * @param tree The tree.
 * @param layer Absolute path of its bytecode: an empty folder.
 * @param donors Trees whose bytecode is reused.
 * @returns Paths of the sources that have bytecode now.
 */
export async function linkBytecode(
  tree: CodeTree,
  layer: string,
  donors: readonly BytecodeDonor[],
): Promise<Set<string>> {
  const keys = new Map(tree.manifest.files.map(({ path, key }) => [path, key]));
  const linked = new Set<string>();
  for (const donor of donors) {
    if (!await unlessMissing(Deno.lstat(donor.layer))) continue;
    const bytecode = filesBelow(donor.layer);
    const known = new Map(donor.tree.manifest.files.map(({ path, key }) => [path, key]));
    for (let at = 0; at < bytecode.length; at += BATCH) {
      for (const path of bytecode.slice(at, at + BATCH)) {
        const source = sourceOf(path);
        const key = source === undefined ? undefined : keys.get(source);
        if (!source || linked.has(source) || !key || known.get(source) !== key) continue;
        if (link(`${donor.layer}/${path}`, layer, path)) linked.add(source);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return linked;
}

/** Converts `pkg/__pycache__/name.cpython-311.pyc` to `pkg/name.py`. */
function sourceOf(path: string): string | undefined {
  const [, folder, stem] = /^(.*\/)?__pycache__\/([^/]+)\.[^./]+\.pyc$/.exec(path) ?? [];
  return stem === undefined ? undefined : `${folder ?? ""}${stem}.py`;
}

function link(from: string, layer: string, path: string): boolean {
  try {
    makeFolders(layer, path.slice(0, path.lastIndexOf("/")));
    Deno.linkSync(from, `${layer}/${path}`);
    return true;
  } catch {
    // The donor is being removed, or the file already has too many links.
    return false;
  }
}

function makeFolders(layer: string, folder: string): void {
  let at = layer;
  for (const part of folder.split("/")) {
    at = `${at}/${part}`;
    try {
      Deno.mkdirSync(at);
      Deno.chmodSync(at, 0o777);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const pending = [""];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(`${folder}/${prefix}`)) {
      if (isDirectory) pending.push(`${prefix}${name}/`);
      else if (isFile) found.push(`${prefix}${name}`);
    }
  }
  return found;
}
