/**
 * Which files of a folder are left out of its archive.
 *
 * @module
 */

import ignore, { type Ignore } from "ignore";

/** Files that name what is left out, in gitignore's syntax. The first that the folder has counts. */
export const IGNORE_FILES: readonly IgnoreFile[] = [".berthignore", ".gitignore"];

/** Name of a file that {@linkcode IGNORE_FILES} lists. */
export type IgnoreFile = ".berthignore" | ".gitignore";

/**
 * Left out of every archive, unless `.berthignore` says otherwise (`!.env`): what version control, virtual
 * environments, caches and editors keep beside the code, and files of secrets.
 */
const ALWAYS = [
  ".git",
  ".hg",
  ".svn",
  ".venv",
  "__pycache__",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".tox",
  ".nox",
  ".ipynb_checkpoints",
  "node_modules/.cache",
  ".idea",
  ".vscode",
  ".DS_Store",
  "Thumbs.db",
  ".berthignore",
  ".env",
  ".env.*",
  "!.env.example",
];

/** Folders of dependencies: version control leaves them out, and the bot needs them. */
const DEPENDENCIES: ReadonlySet<string> = new Set(["vendor", "node_modules"]);

/** Rules of one folder and those above it. */
export class IgnoreRules {
  readonly #prefix: string;
  readonly #ignore: Ignore;
  readonly #outer: IgnoreRules | undefined;
  readonly #spares: boolean;

  private constructor(prefix: string, patterns: readonly string[], spares: boolean, outer?: IgnoreRules) {
    this.#prefix = prefix;
    this.#ignore = ignore({ ignorecase: false }).add([...patterns]);
    this.#spares = spares;
    this.#outer = outer;
  }

  /** The rules that hold without any file. */
  static always(): IgnoreRules {
    return new IgnoreRules("", ALWAYS, false);
  }

  /**
   * Adds the file of a folder to the rules of the folders above it.
   *
   * @param prefix Path of the folder below the root, with `/` at its end; empty for the root.
   * @param text Content of the file.
   * @param file Its name. What `.gitignore` says of folders of dependencies does not count.
   */
  within(prefix: string, text: string, file: IgnoreFile): IgnoreRules {
    return new IgnoreRules(prefix, text.split(/\r?\n/), file === ".gitignore", this);
  }

  /**
   * Whether a path is left out. What lies in a folder that is left out need not be asked for.
   *
   * @param path Path below the root; a folder's ends in `/`.
   * @returns Why: a file of the folder, or what always holds; `undefined` when it is packed.
   */
  reasonFor(path: string): "file" | "always" | undefined {
    const isSpared = this.#spares && DEPENDENCIES.has(path.split("/", 1)[0]!);
    const below = path.slice(this.#prefix.length);
    const { ignored, unignored } = isSpared ? NEITHER : this.#ignore.test(below);
    if (ignored) return this.#outer ? "file" : "always";
    if (unignored) {
      // A file of secrets is packed where that is asked for by its own file, not by version control's.
      return this.#spares ? this.#outer?.reasonFor(path) : undefined;
    }
    return this.#outer?.reasonFor(path);
  }
}

const NEITHER = { ignored: false, unignored: false };
