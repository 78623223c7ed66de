/**
 * The README's example of the library, as a program and as a command line, so that tests can run both.
 *
 * @module
 */

const README = new URL("../../../README.md", import.meta.url);

/**
 * Reads a block of code from the section "As a library".
 *
 * @param language What the block is marked with.
 * @returns Its text.
 */
export async function readmeExample(language: "ts" | "sh" | "json"): Promise<string> {
  const readme = await Deno.readTextFile(README);
  const section = readme.slice(readme.indexOf("## As a library"), readme.indexOf("## Configuration"));
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "ms").exec(section)?.[1];
  if (!block) throw new Error(`The README's section "As a library" has no block of ${language}`);
  return block;
}
