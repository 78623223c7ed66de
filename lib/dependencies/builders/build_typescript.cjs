"use strict";
// Bundles the scripts of a bot that are written in TypeScript. Runs in a builder container without a network.

const fs = require("node:fs");
const path = require("node:path");
const { WORK, say, fail, prepare, pack } = require("./_pack.cjs");

// A bundle is an ES module; these are the names that code may expect of CommonJS.
const BANNER = `import { createRequire as __berth_require } from "node:module";
const require = __berth_require(import.meta.url);`;

async function main() {
  const task = prepare();
  const esbuild = require("/tools/node_modules/esbuild");
  say("bundling TypeScript");
  for (const script of task.scripts) {
    try {
      const { outputFiles } = await esbuild.build({
        absWorkingDir: "/code",
        entryPoints: [script],
        outfile: `/code/${script}.mjs`,
        write: false,
        bundle: true,
        // Packages stay in node_modules: other bots share them.
        packages: "external",
        platform: "node",
        format: "esm",
        target: `node${process.versions.node}`,
        banner: { js: BANNER },
        define: { __dirname: "import.meta.dirname", __filename: "import.meta.filename" },
        sourcemap: "inline",
        sourcesContent: false,
        logLevel: "silent",
      });
      const target = `${WORK}/out/${script}.mjs`;
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, outputFiles[0].contents);
    } catch (error) {
      const messages = await esbuild.formatMessages(error.errors ?? [], { kind: "error", color: false });
      process.stdout.write(messages.join("") || `${error.message}\n`);
      fail(`esbuild cannot bundle '${script}'`);
    }
  }
  pack(`${WORK}/out`, `${WORK}/result.zip`);
  await esbuild.stop();
}

main();
