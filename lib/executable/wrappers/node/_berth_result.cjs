"use strict";
/* result.json in the code folder: removed at the start, left at the end. */
const fs = require("node:fs");
const process = require("node:process");

/**
 * Writes it in one step, unless the bot wrote one itself: that one stays. A bot that failed may have been stopped in
 * the middle of it: then it stays only if it is valid JSON. A failure of the write is logged, not thrown.
 */
function saveResult(file, text, { failed, log }) {
  const part = `${file}.${process.pid}.tmp`;
  try {
    const exists = fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    if (exists && !(failed && !isJson(file))) return;
    fs.writeFileSync(part, text);
    fs.renameSync(part, file);
  } catch (error) {
    log(`Warning: cannot write ${file}: ${error.message}`);
    fs.rmSync(part, { force: true });
  }
}

function isJson(file) {
  if (!fs.lstatSync(file).isFile()) return false;
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(file)));
    return true;
  } catch {
    return false;
  }
}

/** Removes the result of an earlier run, or one that came with the archive. */
function removeStaleResult(file, log) {
  try {
    fs.rmSync(file, { force: true });
  } catch (error) {
    log(`Warning: cannot remove ${file}: ${error.message}`);
  }
}

module.exports = { removeStaleResult, saveResult };
