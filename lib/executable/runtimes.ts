/**
 * The languages that bots are written in, as data. To add one, add an entry here and a wrapper in `wrappers/`.
 *
 * @module
 */

import nodeJson from "./wrappers/node/_berth_json.cjs" with { type: "text" };
import nodeLoad from "./wrappers/node/_berth_load.cjs" with { type: "text" };
import nodePieces from "./wrappers/node/_berth_pieces.cjs" with { type: "text" };
import nodeResult from "./wrappers/node/_berth_result.cjs" with { type: "text" };
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

/** A language, and how it runs in a container. */
export interface Runtime {
  /** Name in documents, for example `python3.11`. */
  readonly name: string;
  /** Default image. */
  readonly image: string;
  /** Program in the image that runs the wrapper. */
  readonly interpreter: string;
  /** File name of the wrapper, the program that calls the bot's `main(id, config)`. */
  readonly wrapperFile: string;
  /** Names and contents of the wrapper and of the files that it loads from its folder. */
  readonly wrapperFiles: Readonly<Record<string, string>>;
  /** Compiler of sources ahead of their import; absent if the language has none. */
  readonly compiler?: {
    /** File name extension of sources. */
    readonly sources: string;
    /** Arguments of the interpreter, which are followed by the folders of the code and of the bytecode. */
    readonly command: readonly string[];
  };
}

const ALL: readonly Runtime[] = [
  {
    name: "python3.11",
    image: "python:3.11-slim",
    interpreter: "python3",
    wrapperFile: "python_wrapper.py",
    wrapperFiles: {
      "python_wrapper.py": pythonWrapper,
      "_berth_errors.py": pythonErrors,
      "_berth_json.py": pythonJson,
      "_berth_load.py": pythonLoad,
      "_berth_logging.py": pythonLogging,
      "_berth_pieces.py": pythonPieces,
      "_berth_result.py": pythonResult,
      "_berth_run.py": pythonRun,
      "_berth_stop.py": pythonStop,
    },
    // Isolated mode, so that nothing of the code is imported.
    compiler: { sources: ".py", command: ["-I", "-S", "-c", pythonCompiler] },
  },
  {
    name: "nodejs20",
    image: "node:20-alpine",
    interpreter: "node",
    wrapperFile: "node_wrapper.cjs",
    wrapperFiles: {
      "node_wrapper.cjs": nodeWrapper,
      "_berth_json.cjs": nodeJson,
      "_berth_load.cjs": nodeLoad,
      "_berth_pieces.cjs": nodePieces,
      "_berth_result.cjs": nodeResult,
    },
  },
];

/** Every runtime, by name. */
export const RUNTIMES: ReadonlyMap<string, Runtime> = new Map(ALL.map((runtime) => [runtime.name, runtime]));

/** The runtime of a document that does not name one. */
export const DEFAULT_RUNTIME = "python3.11";
