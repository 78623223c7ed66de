/**
 * Runs promtool, which setup/test_programs.sh fetches.
 *
 * @module
 */

/** Whether the machine has promtool. Without it, its tests say so. */
export const HAS_PROMTOOL: boolean = await promtool(["--version"]).then(() => true, () => {
  console.warn("There is no promtool: what it checks is not tested");
  return false;
});

/**
 * Runs promtool.
 *
 * @param args Its arguments.
 * @param input The text that it reads from standard input.
 * @returns The text that it prints.
 * @throws {Error} If it finds a mistake, or cannot be run.
 */
export async function promtool(args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`promtool ${args.join(" ")}:\n${output}`);
  return output;
}
