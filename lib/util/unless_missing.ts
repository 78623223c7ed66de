/**
 * Reading a folder that others change.
 *
 * @module
 */

/**
 * Waits for an operation on a file, and takes an absent file for an answer.
 *
 * @param result The operation.
 * @returns What it gives, or `undefined` when there is nothing at its path, or can be nothing: a part of the
 * path is a file, or longer than a name can be.
 */
export async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      (error as { code?: string }).code === "ENAMETOOLONG";
    if (!isMissing) throw error;
  }
}
