"use strict";
/* Extracts archives of code. Berth has checked them; they are checked here all the same. */
const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { readEntries } = require("./zip_entries.cjs");

/** The archive is refused; the message names the entry. */
class BadArchive extends Error {}

const KIND = 0o170000, FOLDER = 0o040000, FILE = 0o100000;

/**
 * Extracts a ZIP archive into a new folder. Only regular files and folders come out of it, none outside of the folder.
 * Calls `beat` now and then.
 */
async function extract(archive, folder, limits, beat) {
  const file = await fs.promises.open(archive);
  try {
    const entries = await readEntries(file).catch((error) => {
      throw new BadArchive(`the archive is damaged: ${error.message}`);
    });
    check(entries, limits);
    fs.mkdirSync(folder, { mode: 0o755 });
    for (const entry of entries) {
      await beat();
      await extractEntry(file, entry, folder, beat);
    }
  } finally {
    await file.close();
  }
}

function check(entries, limits) {
  if (entries.length > limits.maxEntries) {
    throw new BadArchive(`the archive has ${entries.length} entries, more than ${limits.maxEntries}`);
  }
  const seen = new Set();
  let total = 0;
  for (const { name, mode, size, isFolder } of entries) {
    const shown = JSON.stringify(name.slice(0, 200));
    const parts = name.split("/");
    if (![0, FILE, FOLDER].includes(mode & KIND)) {
      throw new BadArchive(`${shown} is neither a file nor a folder`);
    }
    const isBad = (part) => ["", ".", ".."].includes(part) || Buffer.byteLength(part) > 255;
    if (/[\\\0]/.test(name) || parts.some(isBad)) {
      throw new BadArchive(`${shown} is no name of a file in the archive`);
    }
    if (seen.has(name)) throw new BadArchive(`${shown} occurs twice`);
    seen.add(name);
    if (isFolder) continue;
    if (size > limits.maxFileBytes) {
      throw new BadArchive(`${shown} is larger than ${limits.maxFileBytes} bytes`);
    }
    total += size;
    if (total > limits.maxTotalBytes) {
      throw new BadArchive(`the archive holds more than ${limits.maxTotalBytes} bytes`);
    }
  }
}

async function extractEntry(file, entry, folder, beat) {
  const { name, isFolder, size, crc, mode, method } = entry;
  const target = path.join(folder, name);
  if (isFolder) return void fs.mkdirSync(target, { recursive: true, mode: 0o755 });
  fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
  const output = await fs.promises.open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  let written = 0, sum = 0, isProgram = false;
  try {
    for await (const chunk of content(file, entry, method)) {
      if (written === 0) isProgram = chunk.subarray(0, 4).toString("latin1") === "\x7fELF";
      written += chunk.length;
      if (written > size) {
        throw new BadArchive(`${JSON.stringify(name.slice(0, 200))} is larger than it says`);
      }
      sum = crc32(chunk, sum);
      await output.writeFile(chunk);
      await beat();
    }
  } catch (error) {
    throw error instanceof BadArchive
      ? error
      : new BadArchive(`the archive is damaged at ${JSON.stringify(name.slice(0, 200))}: ${error.message}`);
  } finally {
    await output.close();
  }
  if (written !== size || sum !== crc) {
    throw new BadArchive(`${JSON.stringify(name.slice(0, 200))} is damaged`);
  }
  fs.chmodSync(target, mode & 0o111 || isProgram ? 0o755 : 0o644);
}

async function* content(file, { offset, compressedSize }, method) {
  if (method !== 0 && method !== 8) throw new BadArchive(`compression ${method} is not known`);
  const header = Buffer.alloc(30);
  await file.read(header, 0, 30, offset);
  if (header.readUInt32LE(0) !== 0x04034b50) throw new Error("a header is missing");
  const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (compressedSize === 0) return;
  const raw = file.createReadStream({ start, end: start + compressedSize - 1, autoClose: false });
  if (method === 0) return yield* raw;
  const inflated = zlib.createInflateRaw();
  raw.on("error", (error) => inflated.destroy(error));
  yield* raw.pipe(inflated);
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes, before) {
  if (zlib.crc32) return zlib.crc32(bytes, before);
  let value = ~before;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

/** Copies a tree of files and folders, and gives the copy to a user. */
async function copyTree(source, target, uid, gid) {
  fs.mkdirSync(target, { recursive: true });
  fs.chmodSync(target, 0o755);
  fs.chownSync(target, uid, gid);
  for (const entry of await fs.promises.readdir(source, { withFileTypes: true })) {
    const [from, to] = [`${source}/${entry.name}`, `${target}/${entry.name}`];
    if (entry.isDirectory()) {
      await copyTree(from, to, uid, gid);
      continue;
    }
    await fs.promises.copyFile(from, to);
    fs.chownSync(to, uid, gid);
  }
}

module.exports = { BadArchive, copyTree, extract };
