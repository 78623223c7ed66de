"use strict";
/*
 * Work that is done as the bot's user, so that it can reach nothing that the bot cannot: names in the bot's folders may
 * be replaced by links at any moment.
 */
const { Buffer } = require("node:buffer");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const process = require("node:process");
const zlib = require("node:zlib");
const { END, headerOf, padding, readTar } = require("./tar.cjs");

const MANIFEST = ".berth-state.json";
const MAX_ENTRIES = 1_000_000;
const CHUNK_BYTES = 256 * 1024;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The last line on stderr says, as JSON, what was done or what is wrong. */
async function help([work, ...rest]) {
  try {
    const facts = await { read: readFile, pack, unpack }[work](...rest);
    process.stderr.write(`${JSON.stringify(facts)}\n`);
  } catch (error) {
    process.stderr.write(`${JSON.stringify({ problem: String(error.message).slice(0, 1000) })}\n`);
    process.exitCode = 1;
  }
}

/** Writes a regular file to stdout. */
async function readFile(file, maxBytes) {
  const descriptor = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const info = fs.fstatSync(descriptor);
  if (!info.isFile()) throw new Error(`${file} is not a regular file`);
  if (info.size > Number(maxBytes)) throw new Error(`${file} is larger than ${maxBytes} bytes`);
  const content = fs.readFileSync(descriptor);
  if (content.length > Number(maxBytes)) throw new Error(`${file} is larger than ${maxBytes} bytes`);
  if (!process.stdout.write(content)) await once(process.stdout, "drain");
  return { bytes: content.length };
}

/** Writes a folder to stdout as tar.gz, after a first entry that says whose it is. */
async function pack(folder, maxBytes, manifest) {
  const facts = { files: 0, bytes: 0, leftOut: 0 };
  const zipped = zlib.createGzip({ level: 1 });
  zipped.pipe(process.stdout);
  const write = async (bytes) => {
    if (bytes.length > 0 && !zipped.write(bytes)) await once(zipped, "drain");
  };
  const first = Buffer.from(manifest);
  await write(headerOf({ name: MANIFEST, kind: "file", mode: 0o600, mtime: 0, size: first.length }));
  await write(first);
  await write(padding(first.length));
  const inodes = new Map();
  for (const name of entriesOf(folder, "")) {
    await packEntry(folder, name, { facts, inodes, maxBytes: Number(maxBytes), write });
  }
  zipped.end(END);
  await once(zipped, "end");
  return facts;
}

async function packEntry(folder, name, { facts, inodes, maxBytes, write }) {
  const file = `${folder}/${name}`;
  const info = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!info) return; // it is gone since the folder was listed
  const head = { name, mode: info.mode, mtime: info.mtimeMs / 1000 };
  const inode = `${info.dev}/${info.ino}`;
  if (info.isDirectory()) return await write(headerOf({ ...head, kind: "folder" }));
  if (info.isSymbolicLink()) {
    return await write(headerOf({ ...head, kind: "link", target: fs.readlinkSync(file) }));
  }
  if (!info.isFile()) return void facts.leftOut++;
  if (info.nlink > 1 && inodes.has(inode)) {
    return await write(headerOf({ ...head, kind: "same", target: inodes.get(inode) }));
  }
  const descriptor = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size } = fs.fstatSync(descriptor);
    facts.files++;
    facts.bytes += size;
    if (facts.bytes > maxBytes) throw new Error(`the state has more than ${maxBytes} bytes`);
    if (info.nlink > 1) inodes.set(inode, name);
    await write(headerOf({ ...head, kind: "file", size }));
    // A file that has become shorter is filled with zeros, a longer one is cut.
    for (let left = size; left > 0;) {
      const chunk = Buffer.alloc(Math.min(left, CHUNK_BYTES));
      const count = fs.readSync(descriptor, chunk, 0, chunk.length, null) || chunk.length;
      await write(chunk.subarray(0, count));
      left -= count;
    }
    await write(padding(size));
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Folders come before what is in them. */
function* entriesOf(folder, below) {
  let entries = [];
  try {
    entries = fs.readdirSync(path.join(folder, below), { withFileTypes: true });
  } catch (error) {
    if (below === "" || (error.code !== "ENOENT" && error.code !== "ENOTDIR")) throw error;
  }
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const name = below ? `${below}/${entry.name}` : entry.name;
    yield name;
    if (entry.isDirectory()) yield* entriesOf(folder, name);
  }
}

/** Extracts a tar.gz from stdin into an empty folder. */
async function unpack(folder, maxBytes, bot) {
  const links = [], files = new Set();
  let total = 0, count = 0;
  const unzipped = process.stdin.pipe(zlib.createGunzip());
  await readTar(unzipped, async (entry, content) => {
    if (++count > MAX_ENTRIES) throw new Error(`the archive has more than ${MAX_ENTRIES} entries`);
    const name = safeName(entry.name);
    const shown = JSON.stringify(name.slice(0, 200));
    const target = path.join(folder, name);
    const isFile = ["0", "7", "\0"].includes(entry.kind);
    if (count === 1 && name === MANIFEST && isFile) return await checkManifest(entry, content, bot);
    if (name === "" || entry.kind === "5") return void fs.mkdirSync(target, { recursive: true, mode: 0o700 });
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    if (entry.kind === "2") return void links.push([entry.target, target]);
    if (entry.kind === "1") {
      const source = safeName(entry.target);
      if (!files.has(source)) {
        throw new Error(`${shown} is a hard link to a file that the archive does not have`);
      }
      return fs.linkSync(path.join(folder, source), target);
    }
    if (!isFile) throw new Error(`${shown} is neither a file, a folder nor a link`);
    total += entry.size;
    if (total > Number(maxBytes)) throw new Error(`the archive holds more than ${maxBytes} bytes`);
    files.add(name);
    await writeFile(entry, content, target);
  });
  // Nothing is written any more, so that none of them leads a write elsewhere.
  for (const [to, at] of links) fs.symlinkSync(to, at);
  return { files: files.size, bytes: total };
}

async function checkManifest({ size }, content, bot) {
  if (size > 65536) throw new Error(`${MANIFEST} has ${size} bytes`);
  const chunks = [];
  for await (const chunk of content) chunks.push(Buffer.from(chunk));
  const owner = JSON.parse(Buffer.concat(chunks).toString()).bot;
  if (typeof owner === "string" && owner !== bot) {
    throw new Error(`it is a snapshot of bot ${owner.slice(0, 128)}`);
  }
}

async function writeFile({ mode, mtime }, content, target) {
  const descriptor = fs.openSync(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const chunk of content) {
      for (let done = 0; done < chunk.length;) done += fs.writeSync(descriptor, chunk, done);
    }
    fs.fchmodSync(descriptor, mode & 0o777);
    fs.futimesSync(descriptor, mtime, mtime);
  } finally {
    fs.closeSync(descriptor);
  }
}

function safeName(name) {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (name.startsWith("/") || parts.includes("..") || name.includes("\0")) {
    throw new Error(`${JSON.stringify(name.slice(0, 200))} leads out of the folder`);
  }
  return parts.join("/");
}

module.exports = { help };
