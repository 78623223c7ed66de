"use strict";
/* Fetches objects from the object store, or through Berth where the store cannot be reached. */
const crypto = require("node:crypto");
const fs = require("node:fs");
const { request } = require("./berth_client.cjs");

/** Time limit of one object, in ms. */
const LIMIT_MS = 600_000;

/** No address has given the object. */
class FetchError extends Error {}

/** Writes an object to a new file once it is known to be the right one. */
async function fetchObject(berth, urls, path, sha256, maxBytes, beat = async () => {}) {
  const problems = [];
  for (const url of urls) {
    try {
      const found = await openObject(berth, url, (response) => write(response, path, maxBytes, beat));
      if (found === sha256) return;
      problems.push("it is not the object that was checked: its SHA-256 differs");
    } catch (error) {
      problems.push(error.message);
    }
    fs.rmSync(path, { force: true });
  }
  throw new FetchError(problems.join("; ") || "there is no address");
}

async function write(response, path, maxBytes, beat) {
  const hash = crypto.createHash("sha256");
  const file = await fs.promises.open(path, "wx", 0o600);
  try {
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > maxBytes) throw new FetchError(`it has more than ${maxBytes} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
      await beat();
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function openObject(berth, url, use) {
  if (url.startsWith("/")) return berth.open("GET", url, { limitMs: LIMIT_MS }, use);
  return request(url, { method: "GET", limitMs: LIMIT_MS, ca: berth.ca }, (response) => {
    if (response.statusCode === 200) return use(response);
    return Promise.reject(new FetchError(`the object store answers ${response.statusCode}`));
  });
}

/** Stores a file. */
async function sendObject(berth, urls, path) {
  const problems = [];
  const { size: length } = fs.statSync(path);
  const makeBody = () => fs.createReadStream(path);
  for (const url of urls) {
    const options = { makeBody, length, limitMs: LIMIT_MS };
    try {
      if (url.startsWith("/")) return await berth.open("PUT", url, options, () => Promise.resolve());
      return await request(url, { ...options, method: "PUT", ca: berth.ca }, ({ statusCode }) => {
        if (statusCode === 200) return Promise.resolve();
        return Promise.reject(new FetchError(`the object store answers ${statusCode}`));
      });
    } catch (error) {
      problems.push(error.message);
    }
  }
  throw new FetchError(problems.join("; ") || "there is no address");
}

module.exports = { FetchError, fetchObject, sendObject };
