/**
 * The dependencies of code that its deployment built: libraries, and translated scripts.
 *
 * @module
 */

import { z } from "zod";

/** An immutable archive in the code bucket. */
export interface BuiltArchive {
  /** Key in the code bucket. */
  readonly key: string;
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

/** Libraries that are mounted beside the code. */
export interface BuiltLibraries extends BuiltArchive {
  /** Folder in the code folder at which they are mounted. */
  readonly folder: "vendor" | "node_modules";
}

/** The dependencies that were built for code. */
export interface CodeDependencies {
  /** The libraries. */
  readonly libraries?: BuiltLibraries;
  /** Scripts that were translated: `main.ts` became `main.ts.mjs`. */
  readonly scripts?: BuiltArchive;
}

/** Beginning of the keys of everything that is built. */
export const DEPENDENCIES_PREFIX = "dependencies/";

/** File name extension of a script that was translated, which follows the script's own name. */
export const TRANSLATED = ".mjs";

const archive = {
  key: z.string().max(300).regex(
    /^dependencies\/[a-z]+\/[0-9a-f/]+\.zip$/,
    "must be a key below dependencies/",
  ),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must have 64 hexadecimal digits"),
};

/** Checks what was built for code. */
export const codeDependencies: z.ZodType<CodeDependencies> = z.object({
  libraries: z.object({ ...archive, folder: z.enum(["vendor", "node_modules"]) }).exactOptional(),
  scripts: z.object(archive).exactOptional(),
});
