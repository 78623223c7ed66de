"use strict";
/*
 * Keeps characters whole where the container engine cuts a long line: into pieces of 16 KiB. A character that would be
 * cut gets up to three bytes of padding before it, so that it begins the next piece; the reader of the log takes
 * padding at the end of a piece away.
 */
const PIECE = 16 * 1024;
const PADDING = 0x1a;
const NEWLINE = 0x0a;
/** Bytes of UTF-8 that a unit of a string becomes, at most. */
const MAX_BYTES = 3;

/** Has all that is written to a stream padded. */
exports.keepCharactersWhole = (stream) => {
  const write = stream.write;
  const pieces = { column: 0 };
  stream.write = function (chunk, encoding, callback) {
    if (typeof encoding === "function") [encoding, callback] = [undefined, encoding];
    const isText = typeof chunk === "string";
    if (isText && pieces.column + chunk.length * MAX_BYTES < PIECE && isUtf8(encoding)) {
      const newline = chunk.lastIndexOf("\n");
      pieces.column = Buffer.byteLength(chunk.slice(newline + 1)) + (newline < 0 ? pieces.column : 0);
    } else if (isText || chunk instanceof Uint8Array) {
      chunk = pad(pieces, isText ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
    }
    return write.call(this, chunk, encoding, callback);
  };
};

function pad(pieces, data) {
  const written = [];
  for (let at = 0; at < data.length;) {
    const newline = data.indexOf(NEWLINE, at);
    const end = newline < 0 ? data.length : newline + 1;
    while (end - at > PIECE - pieces.column) {
      const cut = at + PIECE - pieces.column;
      let begin = cut;
      while (begin > at && cut - begin < 3 && isContinuation(data[begin])) begin--;
      // No character of UTF-8, or one that began before.
      if (isContinuation(data[begin])) begin = cut;
      written.push(data.subarray(at, begin), Buffer.alloc(cut - begin, PADDING));
      pieces.column = 0;
      at = begin;
    }
    written.push(data.subarray(at, end));
    pieces.column = newline < 0 ? (pieces.column + end - at) % PIECE : 0;
    at = end;
  }
  return Buffer.concat(written);
}

function isUtf8(encoding) {
  return encoding === undefined || encoding === null || /^utf-?8$/i.test(encoding);
}

function isContinuation(byte) {
  return (byte & 0xc0) === 0x80;
}
