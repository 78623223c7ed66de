/**
 * Reads the entries of a state folder that no process writes to.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { unlessMissing } from "../util/files.ts";
import type { StateEntry } from "./state_entry.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * Walks through a folder in the order of names, a folder before its content. Does not follow links. Entries whose names
 * are not UTF-8, or whose paths are too long, count as left out.
 *
 * @param root Absolute path of the folder.
 * @throws {Deno.errors.NotFound} If there is no such folder.
 */
export async function* stateEntries(root: string): AsyncGenerator<StateEntry> {
  const inodes = new Map<string, string>();
  const pending = [""];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const names = await Array.fromAsync(Deno.readDir(`${root}/${folder}`), ({ name }) => name);
    for (const name of names.sort()) {
      const path = `${folder}${name}`;
      const info = await unlessMissing(Deno.lstat(`${root}/${path}`));
      const entry = info ? await toEntry(root, path, info, inodes) : other(path);
      yield entry;
      if (entry.type === "folder") pending.push(`${path}/`);
    }
  }
}

/**
 * Summarizes a folder: two folders with the same names, sizes and times have the same fingerprint.
 *
 * @param root Absolute path of the folder.
 */
export async function stateFingerprint(root: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const entry of stateEntries(root)) {
    const { path, type, mode, mtimeMs } = entry;
    const more = entry.type === "file" ? entry.size : entry.type === "link" ? entry.target : "";
    // The time of a folder changes with a temporary file that is gone again.
    hash.update(JSON.stringify([path, type, mode, type === "file" ? mtimeMs : 0, more]));
  }
  return hash.digest("hex");
}

async function toEntry(
  root: string,
  path: string,
  info: Deno.FileInfo,
  inodes: Map<string, string>,
): Promise<StateEntry> {
  const base = { path, mode: info.mode ?? 0o600, mtimeMs: info.mtime?.getTime() ?? 0 };
  if (info.isDirectory) return { ...base, type: "folder" };
  if (info.isSymlink) return { ...base, type: "link", target: await Deno.readLink(`${root}/${path}`) };
  if (!info.isFile) return { ...base, type: "other" };
  if ((info.nlink ?? 1) > 1) {
    const inode = `${info.dev}:${info.ino}`;
    const target = inodes.get(inode);
    if (target !== undefined) return { ...base, type: "same", target };
    inodes.set(inode, path);
  }
  return { ...base, type: "file", size: info.size, content: read(`${root}/${path}`) };
}

function other(path: string): StateEntry {
  return { path, type: "other", mode: 0, mtimeMs: 0 };
}

async function* read(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  while (true) {
    // A new buffer each time: the archive may still hold the last one.
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = await file.read(chunk);
    if (count === null) return;
    yield chunk.subarray(0, count);
  }
}
