/**
 * Creates the files of the SDK, which bots import without installing it.
 *
 * @module
 */

import type { ScriptFile } from "./code_entrypoint_factory.ts";
import type { Executable } from "./executable.ts";
import nodeFacade from "./sdk/node/berth.mjs" with { type: "text" };
import nodePackage from "./sdk/node/package.json" with { type: "text" };
import nodeSdk from "./sdk/node/berth.cjs" with { type: "text" };
import nodeTypes from "./sdk/node/berth.d.ts" with { type: "text" };
import pythonSdk from "./sdk/python/berth.py" with { type: "text" };
import pythonTypes from "./sdk/python/berth.pyi" with { type: "text" };

const FILES: Readonly<Record<string, string>> = {
  "sdk/python/berth.py": pythonSdk,
  "sdk/python/berth.pyi": pythonTypes,
  "sdk/node/berth.cjs": nodeSdk,
  "sdk/node/berth.mjs": nodeFacade,
  "sdk/node/berth.d.ts": nodeTypes,
  "sdk/node/package.json": nodePackage,
};

/** A folder among the runner's own that a container sees at a second place. */
export interface SdkView {
  /** Path relative to the runner's folder. */
  readonly path: string;
  /** Absolute path in the container. */
  readonly target: string;
}

/** Creates the SDK's files. All containers get those of every language: a bot may start programs in another one. */
export class SdkFactory {
  /** Creates the files. @returns All of them, below `sdk/` in the runner's folder. */
  create(): ScriptFile[] {
    return Object.entries(FILES).map(([path, text]) => ({ path, text, mode: 0o644 }));
  }
}

/**
 * Determines where else the SDK has to be visible. Python finds it on its path, which the wrapper sets. An ES module of
 * Node.js looks for packages in the folders `node_modules` above it and nowhere else, so one of them has to hold the
 * SDK; the bot's own is nearer.
 *
 * @param executable Names the runtime.
 */
export function sdkViews({ runtime }: Pick<Executable, "runtime">): readonly SdkView[] {
  const isNode = runtime.startsWith("nodejs") || runtime.startsWith("deno");
  return isNode ? [{ path: "sdk/node", target: "/node_modules/berth" }] : [];
}
