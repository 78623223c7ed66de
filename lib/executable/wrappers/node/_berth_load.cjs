"use strict";
/* Loads the bot's configuration and finds its script. */
const fs = require("node:fs");
const path = require("node:path");

/** Something is wrong with the bot's files or its result: reported without a traceback. */
class BotError extends Error {
  name = "BotError";
}

function readConfig({ CONFIG_FILE: file = "", CONFIG }) {
  let text = CONFIG;
  if (file && (fs.existsSync(file) || text === undefined)) {
    try {
      text = fs.readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    } catch (error) {
      throw new BotError(`Cannot read the configuration file ${file}: ${error.message}`);
    }
  }
  if (text === undefined) {
    throw new BotError("There is no configuration: neither CONFIG_FILE nor CONFIG is set");
  }
  try {
    return JSON.parse(text);
  } catch (error) { // its message quotes the configuration: report the place only
    const place = /at position \d+/.exec(error.message)?.[0] ?? "at its end";
    throw new BotError(`The configuration (${file || "CONFIG"}) is not valid JSON: error ${place}`);
  }
}

/** The path of the script. One whose name is composed otherwise (an umlaut as one character or as two) is found. */
function findScript(code, script) {
  const isFile = (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile();
  const file = path.join(code, script);
  if (isFile(file)) return file;
  let found = code;
  for (const part of script.split("/")) {
    const names = fs.statSync(found, { throwIfNoEntry: false })?.isDirectory() ? fs.readdirSync(found) : [];
    const alike = names.filter((name) => name.normalize() === part.normalize());
    found = path.join(found, alike.length === 1 ? alike[0] : part);
  }
  if (script && isFile(found)) return found;
  throw new BotError(`The script '${script}' is not in ${code}: check 'entrypoints' in bot-config.yaml`);
}

module.exports = { BotError, findScript, readConfig };
