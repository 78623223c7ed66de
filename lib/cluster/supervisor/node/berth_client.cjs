"use strict";
/* Calls Berth's routes for supervisors, at whichever of its addresses answers. */
const { Buffer } = require("node:buffer");
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const tls = require("node:tls");
const { now } = require("./clock.cjs");

/** Largest JSON answer: files and configuration of a bot. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Berth has answered and refused. */
class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** No address has answered in time. */
class Unreachable extends Error {}

class Berth {
  constructor(urls, bootstrap, caFile) {
    this.urls = urls;
    this.bootstrap = bootstrap;
    this.nonce = crypto.randomBytes(32).toString("hex");
    this.token = undefined;
    // Beside those that are known anyway: the object store may have another one.
    // Each protocol has its own; a connection that is kept saves a handshake with each renewal.
    this.agents = {};
    for (const [protocol, { Agent }] of [["http:", http], ["https:", https]]) {
      this.agents[protocol] = new Agent({ keepAlive: true, maxFreeSockets: 1 });
    }
    this.ca = caFile ? [...tls.rootCertificates ?? [], fs.readFileSync(caFile, "utf8")] : undefined;
  }

  /** Sends JSON and returns JSON. Throws Refused or Unreachable within the limit, in ms. */
  async call(method, path, value, limitMs = 5000, token = this.token) {
    const body = value === undefined ? undefined : JSON.stringify(value);
    return await this.open(
      method,
      path,
      { body, type: "application/json", limitMs, token, agents: this.agents },
      async (response) => {
        try {
          return JSON.parse((await bytesOf(response, MAX_ANSWER_BYTES)).toString() || "{}");
        } catch (error) {
          throw new Unreachable(`the answer broke off: ${error.message}`);
        }
      },
    );
  }

  /** Opens a response, trying each address. An address that answers is asked first from then on. */
  async open(
    method,
    path,
    { body, type, limitMs = 30_000, token = this.token, makeBody, length, agents },
    use,
  ) {
    let problem = "there is no address";
    for (const url of [...this.urls]) {
      const headers = { authorization: `Bearer ${token}`, ...(type && { "content-type": type }) };
      const options = { method, headers, body, makeBody, length, limitMs, ca: this.ca, agents };
      try {
        return await request(url + path, options, async (response) => {
          if (response.statusCode >= 500) throw new Unreachable((await describe(response)).message);
          if (this.urls[0] !== url) this.urls = [url, ...this.urls.filter((other) => other !== url)];
          if (response.statusCode >= 400) {
            const { code, message } = await describe(response);
            throw new Refused(response.statusCode, code, message);
          }
          return await use(response);
        });
      } catch (error) {
        if (error instanceof Refused) throw error;
        problem = `${url}: ${error.message}`;
      }
    }
    throw new Unreachable(problem);
  }
}

/**
 * Makes one request. The limit is for all of it, however slowly the answer comes. With `agents`, it may use a connection of an
 * earlier one and has to bear a repetition: the server may have closed that connection.
 */
function request(url, { method, headers = {}, body, makeBody, length, limitMs, ca, agents }, use) {
  const until = now() + limitMs;
  return new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    const { request: send } = protocol === "https:" ? https : http;
    const sized = length !== undefined
      ? { "content-length": length }
      : body !== undefined
      ? { "content-length": Buffer.byteLength(body) }
      : {};
    const sent = send(url, {
      method,
      headers: { ...headers, ...sized, ...(!agents && { connection: "close" }) },
      agent: agents?.[protocol] ?? false,
      ca,
    });
    const timer = setTimeout(() => sent.destroy(new Error("no answer in time")), limitMs);
    const end = (settle) => (value) => {
      clearTimeout(timer);
      // A connection whose answer was read to its end is back with the agent.
      if (!isRead) sent.destroy();
      settle(value);
    };
    let isRead = false;
    const again = (error) => {
      if (!sent.reusedSocket || now() >= until) return end(reject)(error);
      clearTimeout(timer);
      request(url, { method, headers, body, makeBody, length, limitMs: until - now(), ca }, use)
        .then(resolve, reject);
    };
    sent.on("error", again);
    sent.on("response", (response) => {
      response.on("end", () => isRead = agents !== undefined);
      response.on("error", end(reject));
      response.on("aborted", () => end(reject)(new Error("the answer broke off")));
      use(response).then(end(resolve), end(reject));
    });
    if (makeBody) makeBody().on("error", end(reject)).pipe(sent);
    else sent.end(body);
  });
}

async function bytesOf(stream, maxBytes) {
  const chunks = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Code and message of a refusal. */
async function describe(response) {
  try {
    const { code = "", detail = "", advice } = JSON.parse((await bytesOf(response, 65536)).toString());
    return { code, message: advice ? `${detail} ${advice}` : detail };
  } catch {
    return { code: "", message: `status ${response.statusCode}` };
  }
}

module.exports = { Berth, bytesOf, Refused, request, Unreachable };
