"use strict";
/* Reads the list of entries of a ZIP archive. */
const { Buffer } = require("node:buffer");

const END = 0x06054b50, END_64 = 0x06064b50, LOCATOR_64 = 0x07064b50, ENTRY = 0x02014b50;
/** The end with the longest comment, in bytes. */
const MAX_END_BYTES = 22 + 0xffff;
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Reads the entries. Throws if the list is damaged. */
async function readEntries(file) {
  const { size } = await file.stat();
  const from = Math.max(0, size - MAX_END_BYTES);
  const tail = await read(file, from, size - from);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) throw new Error("it has no end");
  let count = tail.readUInt16LE(at + 10),
    length = tail.readUInt32LE(at + 12),
    offset = tail.readUInt32LE(at + 16);
  if (at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR_64) {
    const end = await read(file, Number(tail.readBigUInt64LE(at - 12)), 56);
    if (end.readUInt32LE(0) !== END_64) throw new Error("its end is broken");
    [count, length, offset] = [32, 40, 48].map((place) => Number(end.readBigUInt64LE(place)));
  }
  if (length > MAX_LIST_BYTES || offset + length > size) throw new Error("its list of entries is cut off");
  const list = await read(file, offset, length);
  const entries = [];
  for (let place = 0; place < list.length;) {
    if (list.readUInt32LE(place) !== ENTRY) throw new Error("its list of entries is broken");
    const entry = readEntry(list, place);
    entries.push(entry);
    place = entry.next;
  }
  if (entries.length !== count) throw new Error("its list of entries is not whole");
  return entries;
}

function readEntry(list, at) {
  const nameEnd = at + 46 + list.readUInt16LE(at + 28);
  const extraEnd = nameEnd + list.readUInt16LE(at + 30);
  if (list.readUInt16LE(at + 8) & 0x2041) throw new Error("it is encrypted");
  const raw = list.subarray(at + 46, nameEnd);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
  const isFolder = text.endsWith("/");
  const sizes = [list.readUInt32LE(at + 24), list.readUInt32LE(at + 20), list.readUInt32LE(at + 42)];
  const [size, compressedSize, offset] = withExtra(sizes, list.subarray(nameEnd, extraEnd));
  return {
    name: isFolder ? text.slice(0, -1) : text,
    isFolder,
    mode: list.readUInt32LE(at + 38) >>> 16,
    method: list.readUInt16LE(at + 10),
    crc: list.readUInt32LE(at + 16),
    size,
    compressedSize,
    offset,
    next: extraEnd + list.readUInt16LE(at + 32),
  };
}

/** Numbers that do not fit are in an extra field, in this order. */
function withExtra(sizes, extra) {
  if (!sizes.includes(0xffffffff)) return sizes;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let place = at + 4;
    return sizes.map((size) => {
      if (size !== 0xffffffff) return size;
      place += 8;
      return Number(extra.readBigUInt64LE(place - 8));
    });
  }
  throw new Error("a size is missing");
}

async function read(file, position, length) {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error("it is cut off");
    done += bytesRead;
  }
  return buffer;
}

module.exports = { readEntries };
