/**
 * Checks the wrappers, the SDK, the supervisor and the examples with the parser of their own language. A missing interpreter is
 * reported and skipped: the engine tests run the same files inside the images.
 *
 * @module
 */
import { access, constants, readdir } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
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

/** The path of a program. Where there is no `node`, Deno puts a stand-in of its own on the PATH: that is not it. */
async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(folder, program);
    if (basename(folder) === "node_compat_bin") continue;
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
}

/** Runs an interpreter; `undefined` when it is not on the PATH. */
async function run(interpreter: string, args: string[]): Promise<boolean | undefined> {
  const path = await findOnPath(interpreter);
  if (path === undefined) return undefined;
  return (await new Deno.Command(path, { args, stdout: "inherit", stderr: "inherit" }).output()).success;
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
  const go = await find(/\.go$/);
  if (go.length > 0) ok &&= await checkGo(go);
  return ok;
}

/** `gofmt` names the files that it would change. */
async function checkGo(files: readonly string[]): Promise<boolean> {
  const path = await findOnPath("gofmt");
  if (path === undefined) {
    console.log(`gofmt is not on the PATH: ${files.length} files not checked`);
    return true;
  }
  const { stdout } = await new Deno.Command(path, { args: ["-l", ...files], stderr: "inherit" }).output();
  const wrong = new TextDecoder().decode(stdout).trim();
  console.log(wrong === "" ? `ok    ${files.length} files of Go` : `ERROR gofmt would change ${wrong}`);
  return wrong === "";
}

if (import.meta.main) {
  const folders = Deno.args.length > 0
    ? Deno.args
    : ["lib/executable/wrappers", "lib/executable/sdk", "lib/cluster/supervisor", "examples"].map((path) =>
      fileURLToPath(new URL(`../${path}`, import.meta.url))
    );
  Deno.exit(await checkWrappers(folders) ? 0 : 1);
}
