import assert from "node:assert/strict";
import {
  imageReferenceProblem,
  isImageId,
  parseImageReference,
  registryOf,
} from "../../../../lib/engine/image_reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

Deno.test("parseImageReference() splits name, tag and digest", () => {
  assert.deepEqual(parseImageReference("python"), { name: "python" });
  assert.deepEqual(parseImageReference("a.io:5000/b"), { name: "a.io:5000/b" });
  assert.deepEqual(parseImageReference("a.io:5000/b:1"), { name: "a.io:5000/b", tag: "1" });
  assert.deepEqual(parseImageReference(`b:1@${DIGEST}`), { name: "b", tag: "1", digest: DIGEST });
});

Deno.test("registryOf() tells hosts from names", () => {
  const cases = {
    "python": "docker.io",
    "me/bot:1": "docker.io",
    "ghcr.io/me/bot": "ghcr.io",
    "localhost/bot": "localhost",
    "registry:5000/bot": "registry:5000",
  };
  for (const [image, registry] of Object.entries(cases)) assert.equal(registryOf(image), registry, image);
});

Deno.test("imageReferenceProblem() accepts what engines accept", () => {
  for (
    const image of [
      "python",
      "python:3.12-slim",
      "me/my_bot__x",
      "GHCR.io/me/bot",
      `127.0.0.1:5000/a/b:1@${DIGEST}`,
      DIGEST,
    ]
  ) {
    assert.equal(imageReferenceProblem(image), undefined, image);
  }
  for (
    const image of [
      "",
      "Python",
      "a b",
      "a//b",
      "/a",
      "a:",
      "a:b:c",
      "https://a/b",
      "a@sha256:1",
      "-a",
      "a..b",
    ]
  ) {
    assert.equal(typeof imageReferenceProblem(image), "string", image);
  }
  assert.ok(isImageId(DIGEST));
  assert.ok(!isImageId(`a@${DIGEST}`));
});
