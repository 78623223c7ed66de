/**
 * Groups test files: a process that loads one module which imports several of them loads what they share once, where
 * Deno loads it anew for each file that it is given.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Divides files among groups of about the same size.
 *
 * @param files Paths of test files.
 * @param count The largest number of groups.
 */
export function divideFiles(files: readonly string[], count: number): string[][] {
  const groups = Array.from({ length: Math.min(count, files.length) }, () => [] as string[]);
  files.forEach((file, index) => groups[index % groups.length]!.push(file));
  return groups;
}

/** Modules that import groups of test files. They are removed when this is disposed of. */
export class GroupModules implements Disposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "berth_test_groups_" });
  #made = 0;

  /**
   * Makes a module that imports files, in their order.
   *
   * @param files Paths of test files, at least one.
   * @returns Its path; that of the file if there is only one.
   */
  make(files: readonly string[]): string {
    if (files.length === 1) return files[0]!;
    const path = join(this.#folder, `group_${++this.#made}.test.ts`);
    const imports = files.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)};\n`);
    Deno.writeTextFileSync(path, imports.join(""));
    return path;
  }

  /** Removes the modules. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
