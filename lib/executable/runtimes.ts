/**
 * The languages that bots are written in, and other kinds of programs, as data. To add one, add an entry here and a
 * wrapper in `wrappers/`.
 *
 * @module
 */

import bashLaunch from "./wrappers/shell/launch_bash.sh" with { type: "text" };
import binaryLaunch from "./wrappers/shell/launch_binary.sh" with { type: "text" };
import denoLaunch from "./wrappers/shell/launch_deno.sh" with { type: "text" };
import nodeJson from "./wrappers/node/_berth_json.cjs" with { type: "text" };
import nodeLoad from "./wrappers/node/_berth_load.cjs" with { type: "text" };
import nodePieces from "./wrappers/node/_berth_pieces.cjs" with { type: "text" };
import nodeResult from "./wrappers/node/_berth_result.cjs" with { type: "text" };
import { RUNNER_FOLDER } from "./container_layout.ts";
import nodeWrapper from "./wrappers/node/node_wrapper.cjs" with { type: "text" };
import pythonCompiler from "./wrappers/python/compile_bytecode.py" with { type: "text" };
import pythonErrors from "./wrappers/python/_berth_errors.py" with { type: "text" };
import pythonJson from "./wrappers/python/_berth_json.py" with { type: "text" };
import pythonLoad from "./wrappers/python/_berth_load.py" with { type: "text" };
import pythonLogging from "./wrappers/python/_berth_logging.py" with { type: "text" };
import pythonPieces from "./wrappers/python/_berth_pieces.py" with { type: "text" };
import pythonResult from "./wrappers/python/_berth_result.py" with { type: "text" };
import pythonRun from "./wrappers/python/_berth_run.py" with { type: "text" };
import pythonStop from "./wrappers/python/_berth_stop.py" with { type: "text" };
import pythonWrapper from "./wrappers/python/python_wrapper.py" with { type: "text" };

/** The runtime of bots that name an image of their own. */
export const IMAGE_RUNTIME = "image";

/** A language, or another kind of program, and how it runs in a container. */
export interface Runtime {
  /** Name in documents, for example `python3.11`. */
  readonly name: string;
  /** Default image; absent if each bot names its own. */
  readonly image?: string;
  /** Program in the image that runs the wrapper and builds libraries; absent if the runtime has none. */
  readonly interpreter?: string;
  /**
   * End of the entrypoint script, in POSIX sh: it replaces the shell with the program. Absent if the container runs no
   * script, because nothing is known of its image.
   */
  readonly launch?: string;
  /** Names and contents of the files in the runner's folder: the wrapper, which calls `main(id, config)`, and its parts. */
  readonly wrapperFiles: Readonly<Record<string, string>>;
  /** Whether the entrypoint is a program for the kernel: its format and its architecture are checked. @default {false} */
  readonly isBinary?: boolean;
  /** Advice if the entrypoint is no such program, for the languages that compile to one. */
  readonly advice?: string;
  /** Compiler of sources ahead of their import; absent if the language has none. */
  readonly compiler?: {
    /** File name extension of sources. */
    readonly sources: string;
    /** Program and arguments, which are followed by the folders of the code and of the bytecode. */
    readonly command: readonly string[];
  };
}

const PYTHON_WRAPPER = {
  "python_wrapper.py": pythonWrapper,
  "_berth_errors.py": pythonErrors,
  "_berth_json.py": pythonJson,
  "_berth_load.py": pythonLoad,
  "_berth_logging.py": pythonLogging,
  "_berth_pieces.py": pythonPieces,
  "_berth_result.py": pythonResult,
  "_berth_run.py": pythonRun,
  "_berth_stop.py": pythonStop,
};

const NODE_WRAPPER = {
  "node_wrapper.cjs": nodeWrapper,
  "_berth_json.cjs": nodeJson,
  "_berth_load.cjs": nodeLoad,
  "_berth_pieces.cjs": nodePieces,
  "_berth_result.cjs": nodeResult,
};

/** Has what programs without a language's image use: glibc, libstdc++, OpenSSL, certificates, bash and curl. */
const PLAIN_IMAGE = "buildpack-deps:trixie-curl";

const ALL: readonly Runtime[] = [
  python("3.11"),
  python("3.12"),
  python("3.13"),
  node("20"),
  node("22"),
  node("24"),
  {
    name: "deno2",
    image: "denoland/deno:2.9.6",
    launch: denoLaunch,
    wrapperFiles: NODE_WRAPPER,
  },
  { name: "bash", image: PLAIN_IMAGE, launch: bashLaunch, wrapperFiles: {} },
  binary("binary"),
  // The names that the outside contract has for compiled languages.
  binary("rust-stable", "Build it with 'cargo build --release', and name target/release/PROGRAM."),
  binary("gcc13", "Build it, and name the program that the linker writes, for example build/my-bot."),
  binary("cpp-gcc13", "Build it, and name the program that the linker writes, for example build/my-bot."),
  binary("cpp", "Build it, and name the program that the linker writes, for example build/my-bot."),
  binary(
    "dotnet8",
    "Build one program with 'dotnet publish -r linux-x64 --self-contained -p:PublishSingleFile=true'; or use the " +
      "runtime image with an image that has .NET, and the command [dotnet, /bot/PROGRAM.dll].",
  ),
  binary(
    "scala3",
    "Build a native program with GraalVM or Scala Native; or use the runtime image with an image that has Java, and " +
      "the command [java, -jar, /bot/PROGRAM.jar].",
  ),
  binary(
    "ghc96",
    "Build it with 'cabal install --installdir=bin --install-method=copy', and name bin/PROGRAM.",
  ),
  { name: IMAGE_RUNTIME, wrapperFiles: {} },
];

/** Every runtime, by name. */
export const RUNTIMES: ReadonlyMap<string, Runtime> = new Map(ALL.map((runtime) => [runtime.name, runtime]));

/** The runtime of a document that does not name one. */
export const DEFAULT_RUNTIME = "python3.11";

/** The runtimes whose images are pulled ahead of any bot: those of the outside contract. */
export const COMMON_RUNTIMES: readonly string[] = [DEFAULT_RUNTIME, "nodejs20"];

function python(version: string): Runtime {
  return {
    name: `python${version}`,
    image: `python:${version}-slim`,
    interpreter: "python3",
    launch: `exec python3 ${RUNNER_FOLDER}/python_wrapper.py\n`,
    wrapperFiles: PYTHON_WRAPPER,
    // Isolated mode, so that nothing of the code is imported.
    compiler: { sources: ".py", command: ["python3", "-I", "-S", "-c", pythonCompiler] },
  };
}

function node(version: string): Runtime {
  return {
    name: `nodejs${version}`,
    image: `node:${version}-alpine`,
    interpreter: "node",
    launch: `exec node ${RUNNER_FOLDER}/node_wrapper.cjs\n`,
    wrapperFiles: NODE_WRAPPER,
  };
}

function binary(name: string, advice?: string): Runtime {
  return {
    name,
    image: PLAIN_IMAGE,
    launch: binaryLaunch,
    wrapperFiles: {},
    isBinary: true,
    ...(advice !== undefined && { advice }),
  };
}
