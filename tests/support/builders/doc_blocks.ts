/**
 * The code blocks of the documentation, so that tests can run them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The repository's folder, with `/` at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** One fenced block. */
export interface DocBlock {
  /** Path of its page, from the root. */
  readonly page: string;
  /** Line of its opening fence, from 1 on. */
  readonly line: number;
  /** First word after the fence; empty if there is none. */
  readonly language: string;
  /** The other words: `name="value"`, or `name` with an empty value. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Its content. */
  readonly code: string;
}

/** Paths of README.md and of every page below docs/, from the root. */
export async function docPages(): Promise<string[]> {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
  for (const folder of ["docs", "docs/decisions"]) {
    for await (const { name } of Deno.readDir(ROOT + folder)) {
      if (name.endsWith(".md")) pages.push(`${folder}/${name}`);
    }
  }
  return pages.sort();
}

/**
 * Reads the blocks of a page.
 *
 * @param page Its path, from the root.
 */
export async function docBlocks(page: string): Promise<DocBlock[]> {
  const text = await Deno.readTextFile(ROOT + page);
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(({ index, 1: info = "", 2: code = "" }) => {
    const [language = ""] = info.split(" ");
    const words = [...info.slice(language.length).matchAll(/ ([a-z-]+)(?:="([^"]*)")?/g)];
    const attributes = Object.fromEntries(words.map(([, name, value = ""]) => [name!, value]));
    return { page, line: text.slice(0, index).split("\n").length, language, attributes, code };
  });
}

/**
 * Reads a block of docs/library.md: the import map, the example or its permissions.
 *
 * @param name Value of its attribute `run` or `file`.
 */
export async function libraryExample(
  name: "deno.json" | "store" | "runner" | "permissions",
): Promise<string> {
  const blocks = await docBlocks("docs/library.md");
  const block = blocks.find(({ attributes }) => attributes.run === name || attributes.file === name);
  if (!block) throw new Error(`docs/library.md has no block '${name}'`);
  return block.code;
}
