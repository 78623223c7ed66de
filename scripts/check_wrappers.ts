/**
 * Checks the wrappers and the examples with the parser of their own language. An interpreter that is not there is
 * said and passed over: the engine tests run the same files inside the images.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Compiles each file in memory, so that no `.pyc` is left behind. */
const PYTHON_CHECK = `
import sys, traceback
bad = 0
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec")
        print("ok    " + path)
    except (SyntaxError, ValueError):
        bad = 1
        print("ERROR " + path)
        traceback.print_exc(limit=0)
sys.exit(bad)
`;

async function filesBelow(folder: string, endings: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[/\\](node_modules|vendor)[/\\]/.test(path))
    .sort();
}

/** Runs an interpreter; `undefined` when it is not on the PATH. */
async function run(interpreter: string, args: string[]): Promise<boolean | undefined> {
  try {
    const child = new Deno.Command(interpreter, { args, stdout: "inherit", stderr: "inherit" });
    return (await child.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Checks the Python and JavaScript files below the given folders, and prints one line for each.
 *
 * @param folders where to look
 * @returns whether all of them are free of syntax errors, as far as the interpreters are there
 */
export async function checkWrappers(folders: string[]): Promise<boolean> {
  const find = async (endings: RegExp) =>
    (await Promise.all(folders.map((folder) => filesBelow(folder, endings)))).flat();
  const python = await find(/\.py$/);
  const node = await find(/\.[cm]?js$/);

  let ok = true;
  if (python.length > 0) {
    const passed = await run("python3", ["-c", PYTHON_CHECK, ...python]);
    if (passed === undefined) console.log(`python3 is not on the PATH: ${python.length} files not checked`);
    ok &&= passed !== false;
  }
  for (const path of node) {
    const passed = await run("node", ["--check", path]);
    if (passed === undefined) {
      console.log(`node is not on the PATH: ${node.length} files not checked`);
      break;
    }
    console.log(`${passed ? "ok   " : "ERROR"} ${path}`);
    ok &&= passed;
  }
  return ok;
}

if (import.meta.main) {
  const folders = Deno.args.length > 0
    ? Deno.args
    : ["lib/wrappers", "examples"].map((path) => fileURLToPath(new URL(`../${path}`, import.meta.url)));
  Deno.exit(await checkWrappers(folders) ? 0 : 1);
}
