"use strict";
// The parts that the builders in Node share: running a tool, and packing a folder. Runs in a builder container.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const zlib = require("node:zlib");

const WORK = "/build";
// Each file is a variable of the tools.
const SECRETS = "/run/secrets";
// Output beyond this is dropped, so that a tool that prints without end costs nothing.
const MAX_OUTPUT = 1024 * 1024;
const MAX_ENTRIES = 0xfffe;
const MAX_BYTES = 0xfffffffe;

function say(text) {
  fs.writeSync(1, `berth: ${text}\n`);
}

function fail(text) {
  fs.writeFileSync(`${WORK}/problem`, text);
  process.exit(1);
}

function prepare() {
  Object.assign(process.env, JSON.parse(fs.readFileSync("/input/environment.json", "utf8")));
  for (const name of fs.existsSync(SECRETS) ? fs.readdirSync(SECRETS) : []) {
    process.env[name] = fs.readFileSync(`${SECRETS}/${name}`, "utf8").trim();
  }
  for (const folder of ["home", "tmp", "out"]) fs.mkdirSync(`${WORK}/${folder}`, { recursive: true });
  return JSON.parse(fs.readFileSync("/input/task.json", "utf8"));
}

async function run(name, args, cwd) {
  const child = spawn(name, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let printed = 0;
  const show = (chunk) => {
    if (printed >= MAX_OUTPUT) return;
    fs.writeSync(1, chunk);
    printed += chunk.length;
    if (printed >= MAX_OUTPUT) say("more output is not shown");
  };
  child.stdout.on("data", show);
  child.stderr.on("data", show);
  const [code, signal] = await new Promise((resolve) => {
    child.once("error", (error) => fail(`${name} cannot be started: ${error.message}`));
    child.once("close", (code, signal) => resolve([code, signal]));
  });
  if (code !== 0) fail(`${name} ${signal ? `was killed by ${signal}` : `ended with exit code ${code}`}`);
}

/** Packs a folder as a ZIP archive: sorted, without times. */
function pack(folder, path) {
  const file = fs.openSync(path, "w");
  const directory = [];
  let at = 0;
  const write = (bytes) => {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(file, bytes, done);
    at += bytes.length;
    if (at > MAX_BYTES) fail("the packages have more than 4 GiB");
  };
  for (const name of filesBelow(folder, "")) {
    const mode = fs.statSync(`${folder}/${name}`).mode & 0o111 ? 0o100755 : 0o100644;
    const content = fs.readFileSync(`${folder}/${name}`);
    const deflated = zlib.deflateRawSync(content, { level: 1 });
    const isSmaller = deflated.length < content.length;
    const data = isSmaller ? deflated : content;
    const encoded = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(isSmaller ? 8 : 0, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(zlib.crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(encoded.length, 22);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(mode * 0x10000, 6);
    end.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x03", "latin1"), common, end, encoded]));
    write(Buffer.concat([Buffer.from("PK\x03\x04"), common, encoded]));
    write(data);
  }
  if (directory.length > MAX_ENTRIES) fail(`the packages have more than ${MAX_ENTRIES} files`);
  const start = at;
  for (const entry of directory) write(entry);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(at - start, 12);
  end.writeUInt32LE(start, 16);
  write(end);
  fs.closeSync(file);
}

function* filesBelow(folder, prefix) {
  for (const name of fs.readdirSync(`${folder}/${prefix}`).sort()) {
    const path = prefix + name;
    const info = fs.lstatSync(`${folder}/${path}`);
    const problem = problemOf(info);
    if (problem) fail(`a package has installed ${problem}, '${path}', which is refused`);
    if (info.isDirectory()) yield* filesBelow(folder, `${path}/`);
    else yield path;
  }
}

function problemOf(info) {
  if (info.isSymbolicLink()) return "a symbolic link";
  if (info.isDirectory()) return undefined;
  if (!info.isFile()) return "a special file";
  return info.mode & 0o6000 ? "a setuid file" : undefined;
}

module.exports = { WORK, say, fail, prepare, run, pack };
