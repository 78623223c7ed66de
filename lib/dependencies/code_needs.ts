/**
 * Decides what must be built before code can run: libraries that it names, and scripts in TypeScript. Pure.
 *
 * @module
 */

import type { Runtime } from "../executable/runtimes.ts";
import { DependencyError } from "./dependency_error.ts";
import { hashOf } from "./dependency_key.ts";
import { isPinned, missingFromLock, namesNothing, requirementFiles, stampOf } from "./requirements_text.ts";

/** How libraries are installed: from requirements, from a `uv.lock`, or by npm. */
export type LibraryTool = "requirements" | "uv" | "npm";

/** Libraries that code needs. */
export interface NeededLibraries {
  /** How they are installed. */
  readonly tool: LibraryTool;
  /** Folder beside the code where they are mounted. */
  readonly folder: "vendor" | "node_modules";
  /** The file that names them, relative to the root of the code. */
  readonly source: string;
  /** Every file that decides what is installed, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Name of the lock in the root of the code. */
  readonly lockFile: string;
  /** Content of the lock; absent if it has to be made. */
  readonly lock?: string;
}

/** The builds that code needs. */
export interface CodeNeeds {
  /** Libraries; absent if the code names none, or brings them along. */
  readonly libraries?: NeededLibraries;
  /** Scripts in TypeScript. */
  readonly scripts: readonly string[];
}

/** The code, as far as it decides what must be built. */
export interface CodeListing {
  /** Whether there is a file or folder. @param path Path relative to the root of the code. */
  readonly has: (path: string) => boolean;
  /** Reads a file; `undefined` if there is none. @param path Path relative to the root of the code. */
  readonly read: (path: string) => string | undefined;
  /** Paths of the scripts that are run. */
  readonly scripts: readonly string[];
}

/**
 * Decides what must be built.
 *
 * @param runtime The runtime of the code.
 * @param code The code.
 * @throws {DependencyError} If a description cannot be used, or a lock does not belong to it (`dependencies/invalid`).
 */
export function codeNeeds({ interpreter }: Pick<Runtime, "interpreter">, code: CodeListing): CodeNeeds {
  if (interpreter === "python3") return { ...optional(pythonLibraries(code)), scripts: [] };
  if (interpreter !== "node") return { scripts: [] };
  const scripts = code.scripts.filter(isTypeScript);
  return { ...optional(nodeLibraries(code)), scripts };
}

/** Files that name the libraries of a bot in Python. */
const PYTHON_DESCRIPTIONS = ["requirements.txt", "requirements.lock", "pyproject.toml"];

/**
 * Decides by the names of the files alone whether {@linkcode codeNeeds} would find nothing, so that most code need not be
 * read before it is deployed.
 *
 * @param runtime The runtime of the code.
 * @param code The code.
 * @returns False if the files must be read to know.
 */
export function needsNothing(
  { interpreter }: Pick<Runtime, "interpreter">,
  { has, scripts }: Omit<CodeListing, "read">,
): boolean {
  if (interpreter === "python3") return has("vendor") || !PYTHON_DESCRIPTIONS.some(has);
  if (interpreter !== "node") return true;
  return !scripts.some(isTypeScript) && (has("node_modules") || !has("package.json"));
}

/** Whether a script is translated before it runs. @param path Path of the script. */
export function isTypeScript(path: string): boolean {
  return /\.[cm]?ts$/.test(path);
}

function optional(libraries: NeededLibraries | undefined): Pick<CodeNeeds, "libraries"> {
  return libraries ? { libraries } : {};
}

function pythonLibraries(code: CodeListing): NeededLibraries | undefined {
  if (code.has("vendor")) return undefined;
  const base = { tool: "requirements", folder: "vendor", lockFile: "requirements.lock" } as const;
  const lock = code.read("requirements.lock");
  const requirements = code.read("requirements.txt");
  if (requirements !== undefined) {
    const inputs = requirementFiles("requirements.txt", code.read);
    const source = "requirements.txt";
    if (isPinned(requirements)) return { ...base, source, inputs, lockFile: source, lock: requirements };
    if (Object.values(inputs).every(namesNothing)) return undefined;
    return locked({ ...base, source, inputs }, lock);
  }
  if (lock !== undefined) {
    return { ...base, source: "requirements.lock", inputs: { "requirements.lock": lock }, lock };
  }
  const project = code.read("pyproject.toml");
  if (project === undefined) return undefined;
  const uvLock = code.read("uv.lock");
  const inputs = { "pyproject.toml": project };
  if (uvLock !== undefined) {
    return {
      tool: "uv",
      folder: "vendor",
      source: "pyproject.toml",
      inputs: { ...inputs, "uv.lock": uvLock },
      lockFile: "uv.lock",
      lock: uvLock,
    };
  }
  // Many projects have the file for their linter alone.
  return hasProjectDependencies(project)
    ? locked({ ...base, source: "pyproject.toml", inputs }, lock)
    : undefined;
}

/** Adds a lock, if it belongs to the files. */
function locked(needed: NeededLibraries, lock: string | undefined): NeededLibraries {
  if (lock === undefined) return needed;
  const { source, inputs } = needed;
  const stamp = stampOf(lock);
  const missing = source === "pyproject.toml" ? [] : missingFromLock(Object.values(inputs), lock);
  if (missing.length === 0 && (stamp === undefined || stamp === hashOf(inputs))) return { ...needed, lock };
  const why = missing.length > 0 ? `it has no ${missing.slice(0, 3).join(", ")}` : `${source} has changed`;
  throw new DependencyError("invalid", `requirements.lock does not belong to ${source}: ${why}.`, {
    advice: "Remove requirements.lock and deploy again, which makes a new one; or make a new one yourself.",
  });
}

/** Reads only enough TOML to tell whether the list has an entry. */
function hasProjectDependencies(text: string): boolean {
  let isProject = false;
  let isList = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (isList) return isString(line);
    if (line.startsWith("[")) isProject = line.startsWith("[project]");
    const [, rest] = isProject ? /^dependencies[ \t]*=[ \t]*\[(.*)$/.exec(line) ?? [] : [];
    const first = rest?.trim();
    if (first === "" || first?.startsWith("#")) isList = true;
    else if (first !== undefined) return isString(first);
  }
  return false;
}

function isString(text: string): boolean {
  return text.startsWith('"') || text.startsWith("'");
}

const NPM_LOCKS = ["npm-shrinkwrap.json", "package-lock.json"];

function nodeLibraries(code: CodeListing): NeededLibraries | undefined {
  const text = code.has("node_modules") ? undefined : code.read("package.json");
  if (text === undefined) return undefined;
  const description = parseObject("package.json", text);
  if (description.workspaces !== undefined) {
    throw new DependencyError(
      "invalid",
      "package.json has workspaces, which cannot be installed at a deployment.",
      {
        advice: "Deploy the folder of one package, or deploy with node_modules.",
      },
    );
  }
  const named = ["dependencies", "optionalDependencies"].flatMap((key) =>
    Object.keys(description[key] ?? {})
  );
  if (named.length === 0) return undefined;
  const lockFile = NPM_LOCKS.find((name) => code.read(name) !== undefined) ?? "package-lock.json";
  const lock = code.read(lockFile);
  if (lock !== undefined) parseObject(lockFile, lock);
  const npmrc = code.read(".npmrc");
  return {
    tool: "npm",
    folder: "node_modules",
    source: "package.json",
    inputs: {
      "package.json": text,
      ...(lock !== undefined && { [lockFile]: lock }),
      ...(npmrc !== undefined && { ".npmrc": npmrc }),
    },
    lockFile,
    ...(lock !== undefined && { lock }),
  };
}

function parseObject(file: string, text: string): Record<string, Record<string, unknown> | undefined> {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Reported below.
  }
  throw new DependencyError("invalid", `${file} is not a JSON object.`, { advice: `Correct ${file}.` });
}
