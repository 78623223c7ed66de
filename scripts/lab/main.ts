/**
 * Entry of `berth lab`.
 *
 * @module
 */

import { DOCKER_HOST } from "../../tests/support/fixtures/engine_support.ts";
import { LabUsageError, runLabCommand } from "./lab_command.ts";
import { presentImages } from "./present_images.ts";

try {
  const images = Deno.args[0] === "up" ? await presentImages() : [];
  Deno.exit(await runLabCommand(Deno.args, { images, dockerHost: DOCKER_HOST, print: console.log }));
} catch (error) {
  console.error(`berth: error: ${(error as Error).message}`);
  Deno.exit(error instanceof LabUsageError ? 2 : 1);
}
