/**
 * Entry of `berth lab`.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DOCKER_HOST, IMAGES } from "../../tests/support/fixtures/engine_support.ts";
import { LabUsageError, runLabCommand } from "./lab_command.ts";

const docker = connectDocker(DOCKER_HOST);
const present = async (image: string) => await docker.getImage(image).inspect().then(() => true, () => false);

try {
  const names = [...new Set(Object.values(IMAGES))];
  const has = Deno.args[0] === "up" ? await Promise.all(names.map(present)) : [];
  const images = names.filter((_, index) => has[index]);
  Deno.exit(await runLabCommand(Deno.args, { images, dockerHost: DOCKER_HOST, print: console.log }));
} catch (error) {
  console.error(`berth: error: ${(error as Error).message}`);
  Deno.exit(error instanceof LabUsageError ? 2 : 1);
}
