/**
 * The limits and the network of a container, as the API gives them.
 *
 * @module
 */

import { z } from "zod";

/** What a container may use: the settings of its document, and those of the service for what it leaves out. */
export const containerLimits = z.object({
  memoryMb: z.number().meta({ description: "Memory in MiB, swap included" }),
  cpuShares: z.int().meta({ description: "Weight on a busy processor" }),
  cpus: z.number().optional().meta({ description: "Most processors; absent for all" }),
  pids: z.int().meta({ description: "Processes and threads" }),
  diskMb: z.number().optional().meta({
    description: "What it may write to disk, in MiB; absent for no limit",
  }),
  network: z.string().meta({ description: "`host`, `bridge`, `none` or the name of a network" }),
}).meta({ id: "ContainerLimits" });

/** What a container may use. */
export type ContainerLimitsView = z.infer<typeof containerLimits>;
