/**
 * The limits and the network of a container, as the API gives them.
 *
 * @module
 */

import { z } from "zod";

/** Limits of a container: the settings of its document, and those of the service where it has none. */
export const containerLimits = z.object({
  memoryMb: z.number().meta({ description: "Memory in MiB, swap included" }),
  cpuShares: z.int().meta({ description: "Weight on a busy processor" }),
  cpus: z.number().optional().meta({ description: "Most processors; absent for all" }),
  pids: z.int().meta({ description: "Processes and threads" }),
  diskMb: z.number().optional().meta({
    description: "Limit of its disk use, in MiB; absent for no limit",
  }),
  network: z.string().meta({ description: "`host`, `bridge`, `none` or the name of a network" }),
}).meta({ id: "ContainerLimits" });

/** Limits of a container. */
export type ContainerLimitsView = z.infer<typeof containerLimits>;
