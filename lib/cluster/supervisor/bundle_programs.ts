/**
 * Makes one file of the modules of a program. Pure.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Modules of a program: their file names, and their text. */
export type ProgramModules = Readonly<Record<string, string>>;

/**
 * Makes one Python program.
 *
 * @param modules The modules, without folders.
 * @param loader Code that finds them in `MODULES`, a dictionary of their texts by their names, and runs the program. It
 * finds a hash of all that in `BUNDLE`.
 */
export function bundlePython(modules: ProgramModules, loader: string): string {
  // A string of JSON is one of Python, too.
  const entries = Object.entries(modules).map(([file, text]) =>
    `    ${JSON.stringify(file.replace(/\.py$/, ""))}: ${JSON.stringify(text)},\n`
  );
  const program = `MODULES = {\n${entries.join("")}}\n${loader}`;
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 32);
  return `BUNDLE = "${hash}"\n${program}`;
}

/**
 * Makes one program of CommonJS modules.
 *
 * @param modules The modules, without folders.
 * @param loader Code that finds them in `MODULES`, an object of their functions by `./` and their file names, and runs
 * the program.
 */
export function bundleCommonJs(modules: ProgramModules, loader: string): string {
  const entries = Object.entries(modules).map(([file, text]) =>
    `${JSON.stringify(`./${file}`)}: function (module, exports, require) {\n${text}\n},\n`
  );
  return `"use strict";\nconst MODULES = {\n${entries.join("")}};\n${loader}`;
}
