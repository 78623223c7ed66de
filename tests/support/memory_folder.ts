/**
 * A folder in memory.
 *
 * @module
 */

/** Makes a folder on a file system in memory, which only root may do. Disposing removes it with its content. */
export async function openMemoryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "berth-test-memory-" });
  await run("mount", "-t", "tmpfs", "-o", "mode=700,size=16m", "tmpfs", path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", "--lazy", path);
      await Deno.remove(path);
    },
  };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
