/**
 * A small disk.
 *
 * @module
 */

/**
 * Gives a folder a small disk of its own, in memory, which only root may do. Disposing takes it away.
 *
 * @param folder Absolute path of the folder, which is made.
 * @param size Its size as mount(8) takes it, for example `256k`.
 * @returns `undefined` if this user may not: the test says so and is not run.
 */
export async function mountSmallDisk(folder: string, size: string): Promise<AsyncDisposable | undefined> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const args = ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", folder];
  const mounted = await new Deno.Command("mount", { args, stderr: "null" }).output().catch(() => undefined);
  if (!mounted?.success) {
    console.warn("NOT RUN: this user may not mount a small disk.");
    return undefined;
  }
  return {
    async [Symbol.asyncDispose]() {
      await new Deno.Command("umount", { args: ["-l", folder] }).output();
    },
  };
}
