/**
 * Checks the images of the runtimes.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../lib/engine/container_orchestrator.ts";
import { COMMON_RUNTIMES } from "../lib/executable/runtimes.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import type { Finding } from "./finding.ts";

/**
 * Looks for the images. A common runtime without its image is worth a warning; the others are one line.
 *
 * @param config Names the images.
 * @param orchestrator The engine.
 * @param signal Cancels the call.
 */
export async function checkImages(
  { images }: Pick<DockerRunnerConfig, "images">,
  orchestrator: Pick<ContainerOrchestrator, "hasImage">,
  signal: AbortSignal,
): Promise<Finding[]> {
  const names = [...new Set(Object.values(images))];
  const present = new Set<string>();
  await Promise.all(names.map(async (image) => {
    if (await orchestrator.hasImage(image, { signal })) present.add(image);
  }));
  const common = COMMON_RUNTIMES.map((runtime): Finding => {
    const image = images[runtime]!;
    const subject = `Image of ${runtime}`;
    if (present.has(image)) return { subject, state: "ok", detail: `${image} is there` };
    return {
      subject,
      state: "warning",
      detail: `${image} is not there yet; it is pulled at the first start`,
      advice: `docker pull ${image}, or choose another with RUNTIME_IMAGES=${runtime}=IMAGE`,
    };
  });
  const others = Object.entries(images).filter(([runtime]) => !COMMON_RUNTIMES.includes(runtime));
  const list = (isThere: boolean) =>
    others.filter(([, image]) => present.has(image) === isThere).map(([runtime]) => runtime).join(", ") ||
    "none";
  return [...common, {
    subject: "Other images",
    state: "ok",
    detail: `there for ${list(true)}; pulled at their first start: ${list(false)}`,
  }];
}
