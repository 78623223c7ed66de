/**
 * Says that no service runs on this machine.
 *
 * @module
 */

/**
 * Describes that no service runs on this machine.
 *
 * @param instance Name of the instance.
 * @returns A sentence.
 */
export function noServiceHere(instance: string): string {
  return `No service runs here as instance '${instance}'. Start it with 'berth start'.`;
}
