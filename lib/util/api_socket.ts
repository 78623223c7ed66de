/**
 * Where the API of an instance listens on its machine. Clients load this file, so it imports nothing.
 *
 * @module
 */

/** Default of `TEMP_DIR`. */
export const DEFAULT_TEMP_DIR = "/tmp/runtime";

/** Default of `BERTH_INSTANCE`. */
export const DEFAULT_INSTANCE = "main";

/**
 * Removes slashes at the end of a path, except for the only one of `/`.
 *
 * @param path The path.
 */
export function withoutEndingSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/**
 * Returns the path of a unix socket, in the instance's folder, which is closed to other users.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 * @param part `schedules` for a process that serves schedules alone, beside one that serves bots. @default {the service}
 */
export function apiSocketOf(tempDir: string, instance: string, part?: "schedules"): string {
  return `${tempDir}/${instance}/${part === undefined ? "api" : `api-${part}`}.sock`;
}
