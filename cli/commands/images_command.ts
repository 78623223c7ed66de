/**
 * `berth images [DIR...]`: pulls missing images.
 *
 * @module
 */

import { resolve } from "node:path";
import { parseDockerRunnerConfig } from "../../lib/runner/parse_docker_runner_config.ts";
import { ImageUnavailableError } from "../../lib/errors.ts";
import { readBotFolder } from "../deploy/bot_folder.ts";
import { type CliContext, EXIT } from "../context.ts";

import { showPull } from "../output/pull_progress.ts";

/**
 * Pulls the missing images of the given bot folders, or of every runtime.
 *
 * @param folders Bot folders, as typed.
 * @param context The command's context.
 * @returns Exit code; {@linkcode EXIT.unavailable} if an image is missing and no registry can be reached.
 */
export async function imagesCommand(folders: readonly string[], context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const config = parseDockerRunnerConfig(context.env);
  const bots = await Promise.all(folders.map((folder) => readBotFolder(resolve(context.cwd, folder))));
  const runtimes = bots.length > 0 ? bots.map(({ runtime }) => runtime) : Object.keys(config.images);
  // An unknown runtime has no image. Starting the bot reports that, with the names of the known ones.
  const images = new Set(
    runtimes.map((runtime) => config.images[runtime]).filter((image) => image !== undefined),
  );
  await using orchestrator = await context.createOrchestrator(config);
  let code: number = EXIT.ok;
  for (const image of images) {
    if (await orchestrator.hasImage(image, { signal })) continue;
    terminal.note(`Pulling image ${image}`);
    try {
      await orchestrator.pullImage(image, { signal, onProgress: showPull(terminal, image) });
      terminal.transient("");
      terminal.note(`Image ${image} is there`);
    } catch (error) {
      if (!(error instanceof ImageUnavailableError)) throw error;
      terminal.transient("");
      terminal.note(error.message);
      code = error.reason === "unreachable" && code !== EXIT.failed ? EXIT.unavailable : EXIT.failed;
    }
  }
  return code;
}
