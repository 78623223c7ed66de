"use strict";
// Installs the packages of a bot and packs them. Runs in a builder container, with the task at /input.

const fs = require("node:fs");
const { WORK, say, prepare, run, pack } = require("./_pack.cjs");

const PROJECT = `${WORK}/project`;
const QUIET = ["--no-audit", "--no-fund", "--no-progress", "--no-update-notifier", `--cache=${WORK}/tmp/npm`];

async function main() {
  const task = prepare();
  fs.mkdirSync(PROJECT);
  for (const [name, text] of Object.entries(task.inputs)) fs.writeFileSync(`${PROJECT}/${name}`, text);
  const scripts = task.allowSourceBuilds ? [] : ["--ignore-scripts"];
  if (task.lock === undefined) {
    say("choosing versions for package.json");
    await run("npm", ["install", "--package-lock-only", "--ignore-scripts", ...QUIET], PROJECT);
    fs.copyFileSync(`${PROJECT}/package-lock.json`, `${WORK}/package-lock.json`);
  } else fs.writeFileSync(`${PROJECT}/${task.lockFile}`, task.lock);
  say("installing");
  await run("npm", ["ci", "--omit=dev", "--no-bin-links", ...scripts, ...QUIET], PROJECT);
  say("packing");
  fs.mkdirSync(`${PROJECT}/node_modules`, { recursive: true });
  pack(`${PROJECT}/node_modules`, `${WORK}/result.zip`);
}

main();
