/**
 * The languages that bots are written in, as data. Adding one is an entry here and a wrapper in `wrappers/`.
 *
 * @module
 */

import nodeWrapper from "./wrappers/node_wrapper.cjs" with { type: "text" };
import pythonWrapper from "./wrappers/python_wrapper.py" with { type: "text" };

/** How one language runs in a container. */
export interface Runtime {
  /** Its name in documents, for example `python3.11`. */
  readonly name: string;
  /** The image that is used unless the configuration names another. */
  readonly image: string;
  /** The program in the image that runs the wrapper. */
  readonly interpreter: string;
  /** File name of the wrapper, the program that calls the bot's `main(id, config)`. */
  readonly wrapperFile: string;
  /** Text of the wrapper. */
  readonly wrapper: string;
}

/** Every runtime, by name. */
export const RUNTIMES: ReadonlyMap<string, Runtime> = new Map(
  [
    {
      name: "python3.11",
      image: "python:3.11-slim",
      interpreter: "python3",
      wrapperFile: "python_wrapper.py",
      wrapper: pythonWrapper,
    },
    {
      name: "nodejs20",
      image: "node:20-alpine",
      interpreter: "node",
      wrapperFile: "node_wrapper.cjs",
      wrapper: nodeWrapper,
    },
  ].map((runtime) => [runtime.name, runtime]),
);

/** The runtime of a document that names none. */
export const DEFAULT_RUNTIME = "python3.11";
