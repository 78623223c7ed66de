/**
 * `berth images [DIR...]`: pulls missing images.
 *
 * @module
 */

import { resolve } from "node:path";
import { parseDockerRunnerConfig } from "../../lib/runner/parse_docker_runner_config.ts";
import { ImageUnavailableError } from "../../lib/errors.ts";
import { COMMON_RUNTIMES } from "../../lib/executable/runtimes.ts";
import { readBotSettings } from "../../services/documents/bot_settings.ts";
import { readBotFolder } from "../deploy/bot_folder.ts";
import { type CliContext, EXIT } from "../context.ts";

import { showPull } from "../output/pull_progress.ts";

/** Options of {@linkcode imagesCommand}. */
export interface ImagesOptions {
  /** Bot folders, as typed; the images of the common runtimes if there are none. */
  readonly folders: readonly string[];
  /** Whether to pull those of every runtime. */
  readonly all: boolean;
}

/**
 * Pulls the missing images of the given bot folders, of the common runtimes, or of every runtime.
 *
 * @param options Which.
 * @param context The command's context.
 * @returns Exit code; {@linkcode EXIT.unavailable} if an image is missing and no registry can be reached.
 */
export async function imagesCommand({ folders, all }: ImagesOptions, context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const config = parseDockerRunnerConfig(context.env);
  const bots = await Promise.all(folders.map((folder) => readBotFolder(resolve(context.cwd, folder))));
  const runtimes = all ? Object.keys(config.images) : bots.length > 0 ? [] : COMMON_RUNTIMES;
  // An unknown runtime has no image. Starting the bot reports that, with the names of the known ones.
  const wanted = [
    ...bots.map(({ runtime, settings }) =>
      config.images[runtime] ?? readBotSettings(settings, []).shape.image
    ),
    ...runtimes.map((runtime) => config.images[runtime]),
  ];
  const images = new Set(wanted.filter((image) => image !== undefined));
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
