import assert from "node:assert/strict";
import { loginsOf } from "../../../../../lib/engine/docker/registry_credentials.ts";

const FILE = "/home/berth/.docker/config.json";

async function find(config: unknown, image: string) {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const { header, advice } = await loginsOf(FILE, () => Promise.resolve(text))(image);
  return { login: header && JSON.parse(atob(header.replaceAll("-", "+").replaceAll("_", "/"))), advice };
}

Deno.test("loginsOf() finds the credentials of an image's registry, and of no other", async () => {
  const auths = {
    "https://index.docker.io/v1/": { auth: btoa("me:p:w?>~") },
    "ghcr.io": { username: "you", password: "secret" },
    "https://registry.example:5000": { identitytoken: "token" },
  };
  const serveraddress = "https://index.docker.io/v1/";
  assert.deepEqual((await find({ auths }, "me/bot:1")).login, {
    username: "me",
    password: "p:w?>~",
    serveraddress,
  });
  assert.deepEqual((await find({ auths }, "ghcr.io/you/bot")).login, {
    username: "you",
    password: "secret",
    serveraddress: "ghcr.io",
  });
  assert.deepEqual((await find({ auths }, "registry.example:5000/bot")).login, {
    identitytoken: "token",
    serveraddress: "registry.example:5000",
  });
  const other = await find({ auths }, "quay.io/bot");
  assert.equal(other.login, undefined);
  assert.match(other.advice, /log in as the user that Berth runs as: 'docker login quay\.io'/);
});

Deno.test("loginsOf() says why it has no credentials, and shows nothing of the file", async () => {
  const helpers = { auths: { "ghcr.io": {} }, credsStore: "desktop", credHelpers: { "quay.io": "pass" } };
  assert.match(
    (await find(helpers, "ghcr.io/a")).advice,
    /credential helper "desktop", a program, and Berth starts no/,
  );
  assert.match((await find(helpers, "quay.io/a")).advice, /credential helper "pass"/);
  for (
    const text of [
      "{secret",
      "[]",
      "null",
      '"secret"',
      "{}",
      '{"auths": 5}',
      '{"auths": {"docker.io": "secret"}}',
    ]
  ) {
    const { login, advice } = await find(text, "python");
    assert.equal(login, undefined, text);
    assert.doesNotMatch(advice, /secret/);
  }
  assert.match((await find("{", "python")).advice, /config\.json' is not JSON/);
  const refuse = (error: Error) => loginsOf(FILE, () => Promise.reject(error))("python");
  assert.match((await refuse(new Deno.errors.NotFound())).advice, /'docker login'\.$/);
  assert.match(
    (await refuse(new Deno.errors.NotCapable())).advice,
    /config\.json' cannot be read \(NotCapable\)/,
  );
  assert.match((await loginsOf(undefined)("python")).advice, /'docker login'/);
});
