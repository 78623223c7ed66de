/**
 * Reads requirements files and their locks, as far as a build has to know them. Pure.
 *
 * @module
 */

import { posix } from "node:path";
import { DependencyError } from "./dependency_error.ts";

/** Number of files that requirements may include. */
const MAX_FILES = 20;

/**
 * Collects a requirements file and the files that it includes (`-r`, `-c`).
 *
 * @param path Path of the file, relative to the root of the code.
 * @param read Reads a file; `undefined` if there is none.
 * @returns Contents by path.
 * @throws {DependencyError} If a file is not there, or there are too many: all of them decide what is installed.
 */
export function requirementFiles(
  path: string,
  read: (path: string) => string | undefined,
): Record<string, string> {
  const found: Record<string, string> = {};
  const pending = [{ at: path, by: path, name: path }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { at, by, name } = next;
    if (Object.hasOwn(found, at)) continue;
    const text = read(at);
    if (text === undefined) throw notThere(by, name);
    if (Object.keys(found).length === MAX_FILES) throw tooMany();
    found[at] = text;
    for (const name of linesOf(text).flatMap(includedBy)) {
      pending.push({ at: posix.normalize(posix.join(posix.dirname(at), name)), by: at, name });
    }
  }
  return found;
}

/** As pip reads it: `-r FILE`, `-rFILE`, `--requirement FILE`, `--requirement=FILE`. */
function includedBy(line: string): string[] {
  const option = /^(?:-r|-c|--(?:requirement|constraint)[= \t])/.exec(line)?.[0];
  if (option === undefined) return [];
  const name = line.slice(option.length).replace(/^[= \t]+/, "").split(/\s/)[0]!;
  const quote = name[0];
  const isQuoted = name.length > 1 && (quote === '"' || quote === "'") && name.endsWith(quote);
  return name === "" ? [] : [isQuoted ? name.slice(1, -1) : name];
}

function notThere(by: string, name: string): DependencyError {
  return new DependencyError("invalid", `${by} names '${name}', which is not a file of the bot's folder.`, {
    advice: `Correct the name, or put the file into the folder. Check the ignore file, too.`,
  });
}

function tooMany(): DependencyError {
  return new DependencyError("invalid", `The requirements include more than ${MAX_FILES} files.`, {
    advice: "Put them into fewer files.",
  });
}

/** Whether requirements name no package at all. @param text The requirements. */
export function namesNothing(text: string): boolean {
  const isOption = (line: string) => line.startsWith("-") && !/^(?:-e|--editable)/.test(line);
  return linesOf(text).every((line) => line === "" || line.startsWith("#") || isOption(line));
}

/** Whether requirements are a lock themselves: hashes pin every file. @param text The requirements. */
export function isPinned(text: string): boolean {
  return linesOf(text).some((line) =>
    !line.startsWith("#") && /--hash=sha(?:256|384|512):[0-9a-f]/.test(line)
  );
}

/**
 * Finds requirements that a lock does not have. A requirement with a marker may be missing for a reason.
 *
 * @param requirements Contents of the requirements files.
 * @param lock Content of the lock.
 * @returns Their names, normalized.
 */
export function missingFromLock(requirements: readonly string[], lock: string): string[] {
  const locked = new Set(linesOf(lock).map(nameIn));
  const named = requirements.flatMap(linesOf).filter((line) => !line.includes(";")).map(nameIn);
  return [...new Set(named)].filter((name) => name !== undefined && !locked.has(name)) as string[];
}

/** The first line of a lock that Berth has made. */
const STAMP = /^# Made by Berth from \S+ \(([0-9a-f]+)\)/;
/** Length of a SHA-256 in hexadecimal digits. */
const HASH_LENGTH = 64;

/** Returns the hash that a lock of Berth's was made for; `undefined` for any other lock. @param lock The lock. */
export function stampOf(lock: string): string | undefined {
  const hash = STAMP.exec(lock)?.[1];
  return hash?.length === HASH_LENGTH ? hash : undefined;
}

/**
 * Writes the first lines of a lock, which say what it was made from.
 *
 * @param source Name of the file that it was made from.
 * @param hash Hash of all files that it was made from.
 */
export function stampFor(source: string, hash: string): string {
  return `# Made by Berth from ${source} (${hash}).\n` +
    "# Commit this file. To renew it, remove it and deploy again.\n";
}

function linesOf(text: string): string[] {
  return text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/).map((line) => line.trim());
}

/** The name of a package as PEP 503 compares it; `undefined` for options, comments and paths. */
function nameIn(line: string): string | undefined {
  const [, name] = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:$|[[=<>!~;@#\s])/.exec(line) ?? [];
  return name?.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
