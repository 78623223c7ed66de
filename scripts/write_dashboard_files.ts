/**
 * Writes the table of the dashboard's files: `deno task dashboard-files`. Static imports put the files into the program's
 * graph, so that they are in compiled binaries and in the image, too.
 *
 * @module
 */

const FOLDER = new URL("../services/dashboard/", import.meta.url);
const TABLE = new URL("dashboard_files.ts", FOLDER);

/** Packages that browsers import by name, and the names of their files. */
const PACKAGES: readonly (readonly [specifier: string, file: string])[] = [
  ["@preact/signals", "signals.js"],
  ["@preact/signals-core", "signals-core.js"],
  ["htm", "htm.js"],
  ["preact", "preact.js"],
  ["preact/hooks", "preact-hooks.js"],
];

/** Makes the table. */
export async function dashboardFiles(): Promise<string> {
  const names: string[] = [];
  for await (const { name: folder, isDirectory } of Deno.readDir(FOLDER)) {
    if (!isDirectory) continue;
    for await (const { name } of Deno.readDir(new URL(`${folder}/`, FOLDER))) names.push(`${folder}/${name}`);
  }
  const files = names.sort().map((name, at) => ({ name, from: `./${name}`, as: `file${at + 1}`, value: "" }));
  const packages = PACKAGES.map(([specifier, file], at) => ({
    name: `packages/${file}`,
    from: specifier,
    as: `package${at + 1}`,
    value: "",
  }));
  // It is made for script elements; as a module it needs an export.
  const plot = {
    name: "packages/uplot.js",
    from: "uplot/dist/uPlot.iife.min.js",
    as: "plot",
    value: "`${plot}\\nexport default uPlot;\\n`",
  };
  const plotStyle = {
    name: "packages/uplot.css",
    from: "uplot/dist/uPlot.min.css",
    as: "plotStyle",
    value: "",
  };
  const all = [...packages, plot, plotStyle, ...files];
  const imports = all.map(({ from, as }) => `import ${as} from "${from}" with { type: "text" };`);
  const rows = all.map(({ name, as, value }) => `  "${name}": ${value === "" ? `text(${as})` : value},`);
  const bare = [...PACKAGES, ["uplot", "uplot.js"] as const].map(([specifier, file]) =>
    `  "${specifier}": "packages/${file}",`
  );
  return `/**
 * The files of the dashboard by their names. Made by \`deno task dashboard-files\`.
 *
 * @module
 */

// deno-fmt-ignore-file
// deno-lint-ignore-file

${imports.join("\n")}

/** Texts by name: with this type of import, the types of a package do not hold. */
const text = (file: unknown): string => file as string;

/** Texts of the files by name: a folder and a name in it. */
export const FILES: Readonly<Record<string, string>> = {
${rows.join("\n")}
};

/** Names of files by the names under which modules import them. */
export const PACKAGES: Readonly<Record<string, string>> = {
${bare.join("\n")}
};
`;
}

if (import.meta.main) await Deno.writeTextFile(TABLE, await dashboardFiles());
