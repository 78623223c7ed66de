/**
 * Where the API of an instance listens on its machine.
 *
 * @module
 */

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
