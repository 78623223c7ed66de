"use strict";
/* Writes and reads tar archives: names of any length by extended headers. */
const { Buffer } = require("node:buffer");

const BLOCK = 512;
const KINDS = { file: "0", same: "1", link: "2", folder: "5" };
/** Longest extended header, in bytes. */
const MAX_EXTENDED_BYTES = 1024 * 1024;

/** The header of an entry, with an extended one before it if it needs one. */
function headerOf({ name, kind, mode, mtime, size = 0, target = "" }) {
  const extended = {
    ...(needsMore(name, 100) && { path: name }),
    ...(needsMore(target, 100) && { linkpath: target }),
    ...(size > 0o77777777777 && { size: String(size) }),
  };
  const records = Object.entries(extended).map(([key, value]) => record(key, value)).join("");
  const head = { name, kind: KINDS[kind], mode, mtime, size, target };
  if (records === "") return plain(head);
  const content = Buffer.from(records);
  return Buffer.concat([
    plain({ name: "PaxHeader", kind: "x", mode: 0o600, mtime: 0, size: content.length, target: "" }),
    content,
    padding(content.length),
    plain(head),
  ]);
}

function needsMore(text, bytes) {
  // deno-lint-ignore no-control-regex
  return Buffer.byteLength(text) > bytes || /[^\x00-\x7f]/.test(text);
}

/** "LENGTH KEY=VALUE\n", whose length counts itself. */
function record(key, value) {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function plain({ name, kind, mode, mtime, size, target }) {
  const block = Buffer.alloc(BLOCK);
  const octal = (value, length) =>
    `${Math.max(0, Math.min(value, 8 ** (length - 1) - 1)).toString(8).padStart(length - 1, "0")}\0`;
  block.write(Buffer.from(name).subarray(0, 100).toString("latin1"), 0, "latin1");
  block.write(octal(mode & 0o777, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor(mtime), 12), 136);
  block.write("        ", 148);
  block.write(kind, 156);
  block.write(Buffer.from(target).subarray(0, 100).toString("latin1"), 157, "latin1");
  block.write("ustar\0" + "00", 257);
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function checksum(block) {
  let sum = 0;
  for (const byte of block) sum += byte;
  return sum;
}

function padding(size) {
  return Buffer.alloc((BLOCK - size % BLOCK) % BLOCK);
}

const END = Buffer.alloc(2 * BLOCK);

/** Reads entries from a stream of chunks. `take(entry, content)` has to read the content to its end. */
async function readTar(chunks, take) {
  const input = new Input(chunks);
  let more = {};
  while (true) {
    const block = await input.bytes(BLOCK);
    if (!block || block.every((byte) => byte === 0)) return;
    const entry = parse(block);
    if (more.size !== undefined) entry.size = Number(more.size);
    const kind = entry.kind;
    if (["x", "g", "L", "K"].includes(kind)) {
      if (entry.size > MAX_EXTENDED_BYTES) throw new Error("a header is too long");
      const text = (await input.bytes(entry.size)).toString();
      await input.bytes(padding(entry.size).length);
      if (kind === "x") more = { ...more, ...recordsOf(text) };
      if (kind === "L") more.path = text.replace(/\0.*$/s, "");
      if (kind === "K") more.linkpath = text.replace(/\0.*$/s, "");
      continue;
    }
    const name = more.path ?? entry.name, target = more.linkpath ?? entry.target;
    more = {};
    const content = new Content(input, entry.size);
    await take({ ...entry, name, target }, content.chunks());
    if (content.left > 0) throw new Error("an entry was not read");
    await input.bytes(padding(entry.size).length);
  }
}

function parse(block) {
  const sum = parseInt(text(block, 148, 8), 8);
  const copy = Buffer.from(block);
  copy.write("        ", 148);
  if (checksum(copy) !== sum) throw new Error("a header is broken");
  const isUstar = text(block, 257, 5) === "ustar";
  const prefix = isUstar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: parseInt(text(block, 100, 8), 8) || 0,
    size: parseInt(text(block, 124, 12), 8) || 0,
    mtime: parseInt(text(block, 136, 12), 8) || 0,
    kind: String.fromCharCode(block[156]),
    target: text(block, 157, 100),
  };
}

function text(block, at, length) {
  const end = block.indexOf(0, at);
  return block.toString("utf8", at, end < 0 || end > at + length ? at + length : end);
}

function recordsOf(all) {
  const found = {};
  let rest = Buffer.from(all);
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const length = parseInt(rest.toString("latin1", 0, space), 10);
    if (!(length > space + 1) || length > rest.length) throw new Error("a header is broken");
    const [, key, value] = /^([^=]*)=(.*)\n$/s.exec(rest.toString("utf8", space + 1, length)) ?? [];
    if (key !== undefined) found[key] = value;
    rest = rest.subarray(length);
  }
  return found;
}

/** The content of an entry. */
class Content {
  constructor(input, size) {
    this.input = input;
    this.left = size;
  }

  async *chunks() {
    while (this.left > 0) {
      const chunk = await this.input.some(this.left);
      if (!chunk) throw new Error("the archive ends inside a file");
      this.left -= chunk.length;
      yield chunk;
    }
  }
}

/** Reads a stream of chunks by numbers of bytes. */
class Input {
  constructor(chunks) {
    this.source = chunks[Symbol.asyncIterator]();
    this.rest = Buffer.alloc(0);
  }

  /** Exactly this many bytes; undefined at the end. */
  async bytes(count) {
    while (this.rest.length < count) {
      const { done, value } = await this.source.next();
      if (done) {
        if (this.rest.length === 0) return undefined;
        throw new Error("the archive is cut off");
      }
      this.rest = Buffer.concat([this.rest, value]);
    }
    const taken = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return taken;
  }

  /** Reads at most this many bytes; undefined at the end. */
  async some(max) {
    if (this.rest.length === 0) {
      const { done, value } = await this.source.next();
      if (done) return undefined;
      this.rest = value;
    }
    const taken = this.rest.subarray(0, max);
    this.rest = this.rest.subarray(taken.length);
    return taken;
  }
}

module.exports = { END, headerOf, padding, readTar };
