/**
 * Decides which files of a folder are left out of its archive.
 *
 * @module
 */

import ignore, { type Ignore } from "ignore";

/** Names of ignore files, in gitignore's syntax. The first one in the folder counts. */
export const IGNORE_FILES: readonly IgnoreFile[] = [".berthignore", ".gitignore"];

/** Name of a file that {@linkcode IGNORE_FILES} lists. */
export type IgnoreFile = ".berthignore" | ".gitignore";

/**
 * Patterns that are left out of every archive unless `.berthignore` says otherwise (`!.env`): files of version control,
 * virtual environments, caches and editors, and files of secrets.
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

/** Folders of dependencies, which version control ignores and the bot needs. */
const DEPENDENCIES: ReadonlySet<string> = new Set(["vendor", "node_modules"]);

/** Rules of one folder and of the folders above it. */
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

  /** Returns the rules that hold without an ignore file. */
  static always(): IgnoreRules {
    return new IgnoreRules("", ALWAYS, false);
  }

  /**
   * Adds the ignore file of a folder to the rules of the folders above it.
   *
   * @param prefix Path of the folder below the root, ending with `/`; empty for the root.
   * @param text Content of the file.
   * @param file Name of the file. Patterns of `.gitignore` do not apply to folders of dependencies.
   */
  within(prefix: string, text: string, file: IgnoreFile): IgnoreRules {
    return new IgnoreRules(prefix, text.split(/\r?\n/), file === ".gitignore", this);
  }

  /**
   * Returns why a path is left out. Paths in a folder that is left out need no check.
   *
   * @param path Path below the root. The path of a folder ends with `/`.
   * @returns An ignore file, or a pattern that always holds; `undefined` if the path is packed.
   */
  reasonFor(path: string): "file" | "always" | undefined {
    const isSpared = this.#spares && DEPENDENCIES.has(path.split("/", 1)[0]!);
    const below = path.slice(this.#prefix.length);
    const { ignored, unignored } = isSpared ? NEITHER : this.#ignore.test(below);
    if (ignored) return this.#outer ? "file" : "always";
    if (unignored) {
      // .berthignore may ask for a file of secrets to be packed, .gitignore may not.
      return this.#spares ? this.#outer?.reasonFor(path) : undefined;
    }
    return this.#outer?.reasonFor(path);
  }
}

const NEITHER = { ignored: false, unignored: false };
