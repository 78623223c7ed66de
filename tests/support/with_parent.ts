/** Has a test work in a folder of its own, which is removed at its end. @param work The test. */
export async function withParent(work: (parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await work(parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}
