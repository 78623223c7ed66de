/**
 * Checks the names in an archive against each other, and for required and reserved ones. Pure.
 *
 * @module
 */

import { type ArchiveProblem, InvalidArchiveError } from "../errors.ts";
import { missingScript } from "./missing_script.ts";
import type { ZipEntry } from "./zip_directory.ts";
import { escapeZipEntryName } from "./zip_entry_name.ts";

/** Rules of {@linkcode checkZipPaths}. */
export interface ZipPathRules {
  /** Names that entries must not have or lie under. */
  readonly reservedNames: readonly string[];
  /** Files that must exist. */
  readonly requiredFiles: readonly string[];
  /** Largest number of files and folders, including folders that are only part of a file's path. */
  readonly maxEntries: number;
}

/**
 * Checks that no two entries have the same path, none has a reserved name, and no required file is missing. Names that
 * differ only in Unicode normalization count as equal; names that differ in case do not.
 *
 * @param entries All entries of the archive.
 * @param rules See {@linkcode ZipPathRules}.
 * @returns Folders to create, parents first.
 * @throws {InvalidArchiveError} If a rule is broken: `duplicate`, `reserved-name`, `missing-script` or
 * `too-many-entries`.
 */
export function checkZipPaths(entries: readonly ZipEntry[], rules: ZipPathRules): string[] {
  const paths = new Paths(rules.maxEntries);
  for (const entry of entries) {
    checkReserved(entry, rules.reservedNames);
    paths.add(entry);
  }
  for (const required of rules.requiredFiles) {
    if (!paths.hasFile(required)) throw missing(required, entries);
  }
  // The path of a folder is a prefix of the paths in it, so it is sorted before them.
  return [...paths.folders].sort();
}

class Paths {
  readonly folders = new Set<string>();
  readonly #explicitFolders = new Set<string>();
  readonly #taken = new Map<string, { path: string; label: string; isFolder: boolean }>();

  constructor(readonly maxEntries: number) {}

  hasFile(path: string): boolean {
    return this.#taken.get(path.normalize())?.isFolder === false;
  }

  add(entry: ZipEntry): void {
    const { path, label, isFolder } = entry;
    if (isFolder) {
      if (this.#explicitFolders.has(path)) throw duplicate(label, "is there twice");
      this.#explicitFolders.add(path);
    } else {
      this.#take(path, label, false);
    }
    // Goes from the deepest folder up to the first known one, so that a deep path costs only its new folders.
    for (let at = isFolder ? path : parent(path); at !== "" && !this.folders.has(at); at = parent(at)) {
      this.#take(at, label, true);
      this.folders.add(at);
    }
  }

  #take(path: string, label: string, isFolder: boolean): void {
    const key = path.normalize();
    const other = this.#taken.get(key);
    if (other !== undefined) {
      if (other.isFolder !== isFolder) {
        throw duplicate(label, `makes '${escapeZipEntryName(path)}' a file and a folder`);
      }
      throw duplicate(label, other.path === path ? "is there twice" : `is the same name as '${other.label}'`);
    }
    this.#taken.set(key, { path, label, isFolder });
    if (this.#taken.size > this.maxEntries) {
      throw refuse(
        "too-many-entries",
        label,
        `brings the archive to more than ${this.maxEntries} files and folders`,
      );
    }
  }
}

function checkReserved({ path, label }: ZipEntry, reservedNames: readonly string[]): void {
  const key = path.normalize();
  const reserved = reservedNames.find((name) => key === name || key.startsWith(`${name}/`));
  if (reserved !== undefined) {
    throw refuse(
      "reserved-name",
      label,
      `is at '${reserved}', a name that is used for starting the bot. Rename it`,
    );
  }
}

function missing(required: string, entries: readonly ZipEntry[]): InvalidArchiveError {
  const files = entries.filter((entry) => !entry.isFolder).map((entry) => entry.path);
  return new InvalidArchiveError(
    "missing-script",
    missingScript(required, files),
    escapeZipEntryName(required),
  );
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function duplicate(label: string, what: string): InvalidArchiveError {
  return refuse("duplicate", label, `${what}. Each path may be there once`);
}

function refuse(problem: ArchiveProblem, label: string, what: string): InvalidArchiveError {
  return new InvalidArchiveError(problem, `The archive's entry '${label}' ${what}.`, label);
}
