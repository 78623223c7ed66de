/**
 * The programs that build inside containers, as data.
 *
 * @module
 */

import pack from "./builders/_pack.cjs" with { type: "text" };
import node from "./builders/build_node.cjs" with { type: "text" };
import python from "./builders/build_python.py" with { type: "text" };
import typescript from "./builders/build_typescript.cjs" with { type: "text" };

/** Name of a program that builds. */
export type BuilderName = "python" | "node" | "typescript";

/** Files of each program by name. The first one is started. */
export const BUILDERS: Readonly<Record<BuilderName, Readonly<Record<string, string>>>> = {
  python: { "build_python.py": python },
  node: { "build_node.cjs": node, "_pack.cjs": pack },
  typescript: { "build_typescript.cjs": typescript, "_pack.cjs": pack },
};
