/**
 * Compares the files of two stored archives.
 *
 * @module
 */

import { createTwoFilesPatch } from "diff";
import { checkAround, openArchive } from "../../lib/archive/archive_file.ts";
import { decodeZipEntry } from "../../lib/archive/decode_zip_entry.ts";
import { type ArchiveSource, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import type { ZipEntry } from "../../lib/archive/zip_directory.ts";
import { downloadObject } from "../../lib/code/download_object.ts";
import { UploadFolder } from "../../lib/util/upload_folder.ts";
import type { FileChange } from "../contract/revisions.ts";
import type { ApiParts } from "./api_parts.ts";

/** Largest file that is compared line by line, in bytes. */
const MAX_TEXT_BYTES = 256 * 1024;
/** Files that are compared line by line. */
const MAX_TEXTS = 50;
/** Longest comparison of all files together, in characters. */
const MAX_PATCH_CHARS = 512 * 1024;
/** Longest time for the comparison of one file, in ms. */
const PATCH_LIMIT_MS = 500;

/**
 * Compares two archives: by the names, sizes and checksums of their files, and text files line by line.
 *
 * @param keys Keys of the earlier and the later archive in the code bucket.
 * @param parts The object store.
 * @param signal Cancels the call.
 * @returns The files that differ, in the order of their names.
 * @throws {ObjectNotFoundError} If one of the archives is gone.
 * @throws {InvalidArchiveError} If one of them is damaged.
 */
export async function compareArchives(
  keys: readonly [before: string, after: string],
  { store, settings: { buckets, archiveLimits, uploadFolder }, clock }: ApiParts,
  signal: AbortSignal,
): Promise<FileChange[]> {
  const folder = new UploadFolder(uploadFolder, () => clock.now());
  await folder.open();
  const paths = keys.map(() => folder.newPath());
  try {
    for (const [at, key] of keys.entries()) {
      await downloadObject(paths[at]!, buckets.code, await store.get(buckets.code, key, { signal }), signal);
    }
    using before = openArchive(paths[0]!);
    using after = openArchive(paths[1]!);
    return compare(readEntries(before, archiveLimits), readEntries(after, archiveLimits));
  } finally {
    for (const path of paths) await Deno.remove(path).catch(() => {});
  }
}

/** The files of an archive by path. */
type Files = ReadonlyMap<string, { readonly entry: ZipEntry; readonly text: () => string | undefined }>;

function readEntries(source: ArchiveSource, limits: ApiParts["settings"]["archiveLimits"]): Files {
  const { entries, end } = inspectArchive(source, { limits });
  return new Map(entries.flatMap((entry, at) => {
    if (entry.isFolder) return [];
    const next = entries[at + 1]?.offset ?? end.directoryOffset;
    return [[entry.path, { entry, text: () => textOf(source, entry, next) }]];
  }));
}

function compare(before: Files, after: Files): FileChange[] {
  let texts = 0;
  let chars = 0;
  const changes: FileChange[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, now] = [before.get(path), after.get(path)];
    const isSame = old && now && old.entry.crc === now.entry.crc && old.entry.size === now.entry.size &&
      old.entry.isExecutable === now.entry.isExecutable;
    if (isSame) continue;
    const patch = texts < MAX_TEXTS && chars < MAX_PATCH_CHARS
      ? patchOf(path, old?.text(), now?.text())
      : undefined;
    if (patch !== undefined) texts++;
    chars += patch?.length ?? 0;
    changes.push({
      path,
      change: !old ? "added" : !now ? "removed" : "changed",
      ...(old && { sizeBefore: old.entry.size }),
      ...(now && { sizeAfter: now.entry.size }),
      // A new or a removed file is no difference between lines.
      ...(old && now && patch !== undefined && { patch }),
    });
  }
  return changes;
}

function patchOf(path: string, before: string | undefined, after: string | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  return createTwoFilesPatch(path, path, before, after, undefined, undefined, {
    context: 3,
    timeout: PATCH_LIMIT_MS,
  });
}

/** The content of a file; `undefined` if it is no text, or a long one. */
function textOf(source: ArchiveSource, entry: ZipEntry, next: number): string | undefined {
  if (entry.size > MAX_TEXT_BYTES) return undefined;
  const bytes = new Uint8Array(entry.size);
  let at = 0;
  decodeZipEntry(entry, {
    start: checkAround(source, entry, next),
    read: (position, length) => source.read(position, length),
    write: (chunk) => {
      bytes.set(chunk, at);
      at += chunk.length;
    },
  });
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
