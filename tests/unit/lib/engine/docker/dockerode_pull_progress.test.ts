import assert from "node:assert/strict";
import {
  readPullProgress,
  toImageError,
  toPullQuery,
} from "../../../../../lib/engine/docker/dockerode_pull_progress.ts";
import { ImageUnavailableError } from "../../../../../lib/errors.ts";

async function* chunked(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size));
}

const REPORT = [
  '{"status":"Pulling from library/python","id":"3.11-slim"}',
  '{"status":"Downloading","progressDetail":{"current":10,"total":300},"progress":"[=>]","id":"abc"}',
  "",
  '{"status":"Download complete","progressDetail":{},"id":"abc"}\r',
  '{"status":"Status: Downloaded é"}',
].join("\n");

Deno.test("toPullQuery() splits name and tag", () => {
  const digest = "sha256:" + "a".repeat(64);
  const cases: Record<string, [string, string]> = {
    "python": ["python", "latest"],
    "python:3.11-slim": ["python", "3.11-slim"],
    "user/python:3": ["user/python", "3"],
    "127.0.0.1:5000/python": ["127.0.0.1:5000/python", "latest"],
    "127.0.0.1:5000/a/python:3": ["127.0.0.1:5000/a/python", "3"],
    [`python@${digest}`]: ["python", digest],
  };
  for (const [image, [fromImage, tag]] of Object.entries(cases)) {
    assert.deepEqual(toPullQuery(image), { fromImage, tag });
  }
});

Deno.test("readPullProgress() gives each step, however the report is cut", async () => {
  for (const size of [1, 2, 3, 50, 10_000]) {
    assert.deepEqual(await Array.fromAsync(readPullProgress("python", chunked(REPORT, size))), [
      { layer: "3.11-slim", status: "Pulling from library/python" },
      { layer: "abc", status: "Downloading", currentBytes: 10, totalBytes: 300 },
      { layer: "abc", status: "Download complete" },
      { status: "Status: Downloaded é" },
    ]);
  }
});

Deno.test("readPullProgress() rejects on an error line, after the steps before it", async () => {
  const report =
    '{"status":"Waiting","id":"a"}\n{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}\n{"status":"x"}\n';
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const step of readPullProgress("a/b:1", chunked(report, 7))) seen.push(step.status);
  }, (error) => {
    assert.ok(error instanceof ImageUnavailableError);
    assert.equal(error.reason, "not-found");
    assert.match(
      error.message,
      /Cannot pull image 'a\/b:1': the registry has no such image.*manifest unknown/,
    );
    return true;
  });
  assert.deepEqual(seen, ["Waiting"]);
});

Deno.test("readPullProgress() rejects what is not a report", async () => {
  for (const report of ["<html>", '{"status":', "x".repeat(3_000_000)]) {
    await assert.rejects(
      Array.fromAsync(readPullProgress("a", chunked(report, 65_536))),
      ImageUnavailableError,
    );
  }
});

Deno.test("toImageError() tells from the engine's words why an image cannot be had", () => {
  const cases = {
    "unreachable": [
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      'Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded)',
      'Get "https://r/v2/": net/http: TLS handshake timeout',
      "received unexpected HTTP status: 503 Service Unavailable",
      "unexpected EOF",
    ],
    "not-found": [
      "manifest for python:none not found: manifest unknown: manifest unknown",
      "pull access denied for nope, repository does not exist or may require 'docker login'",
      "name unknown: repository name not known to registry",
    ],
    "refused": [
      "unauthorized: authentication required",
      "toomanyrequests: You have reached your pull rate limit.",
      "failed to register layer: write /usr/lib/x: no space left on device",
    ],
  };
  for (const [reason, texts] of Object.entries(cases)) {
    for (const words of texts) {
      const error = toImageError("img", words);
      assert.equal(error.reason, reason, words);
      assert.ok(error.message.includes(words));
    }
  }
});
