/**
 * The images that the nodes of a lab get.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DOCKER_HOST, IMAGES } from "../../tests/support/fixtures/engine_support.ts";

/** Names of the images of runtimes that the engine of this machine has. */
export async function presentImages(): Promise<string[]> {
  const docker = connectDocker(DOCKER_HOST);
  const names = [...new Set(Object.values(IMAGES))];
  const isPresent = await Promise.all(
    names.map((image) => docker.getImage(image).inspect().then(() => true, () => false)),
  );
  return names.filter((_, index) => isPresent[index]);
}
