/**
 * The files of a new bot whose program has no `main(id, config)` of Python or Node. They are those of the examples. Pure.
 *
 * @module
 */

import bashMain from "../../examples/runtimes/bash/main.sh" with { type: "text" };
import goMain from "../../examples/runtimes/binary/main.go" with { type: "text" };
import denoMain from "../../examples/runtimes/deno2/main.ts" with { type: "text" };
import imageBot from "../../examples/runtimes/image/bot.py" with { type: "text" };
import dockerfile from "../../examples/runtimes/image/Dockerfile" with { type: "text" };
import { imageReferenceProblem } from "../../lib/engine/image_reference.ts";

/** A runtime that has such a template. */
export type PlainRuntime = "deno2" | "bash" | "binary" | "image";

/** The parts that differ between them. */
interface Plain {
  /** Contents by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Path of the entrypoint; absent if the program is in an image. */
  readonly entrypoint?: string;
  /** Builds the program; absent if there is nothing to build. */
  readonly build?: (image: string) => string;
}

const TEMPLATES: Readonly<Record<PlainRuntime, Plain>> = {
  deno2: { files: { "main.ts": denoMain }, entrypoint: "main.ts" },
  bash: { files: { "main.sh": bashMain }, entrypoint: "main.sh" },
  binary: {
    files: { "main.go": goMain },
    entrypoint: "bin/bot",
    build: () => "CGO_ENABLED=0 GOOS=linux go build -o bin/bot main.go",
  },
  image: {
    files: { "bot.py": imageBot, Dockerfile: dockerfile },
    build: (image) => `docker build -t ${image} .`,
  },
};

/** Names of the runtimes that have such a template. */
export const PLAIN_RUNTIMES = Object.keys(TEMPLATES) as readonly PlainRuntime[];

/**
 * Writes the files of a bot that runs until it is stopped.
 *
 * @param name Id of the bot.
 * @param runtime Name of its runtime.
 * @returns Contents by file name.
 */
export function plainTemplate(name: string, runtime: PlainRuntime): Readonly<Record<string, string>> {
  const { files, entrypoint, build } = TEMPLATES[runtime];
  const wanted = `${name.toLowerCase()}:1.0.0`;
  const image = imageReferenceProblem(wanted) === undefined ? wanted : "my-bot:1.0.0";
  return {
    "bot-config.yaml": `name: ${name}
description: Runs until it is stopped.
version: 1.0.0
runtime: ${runtime}
${entrypoint === undefined ? `image: ${image}\n` : `entrypoints:\n  bot: ${entrypoint}\n`}`,
    "config.json": '{ "symbol": "BTC-USD" }\n',
    ...files,
    "README.md": readme(name, Object.keys(files), build?.(image)),
  };
}

function readme(name: string, files: readonly string[], build: string | undefined): string {
  return `# ${name}

It runs until it is stopped.

- \`bot-config.yaml\`: name, version and runtime
- \`config.json\`: the configuration, in the container at the path that \`CONFIG_FILE\` names
- \`${files.join("`, `")}\`: the program

\`\`\`sh
${build === undefined ? "" : `${build}\n`}berth run .                # runs it here until Ctrl-C
berth start                # the service, in another terminal
berth deploy .             # gives it to the service; again after each change
berth logs ${name} -f
\`\`\`
`;
}
