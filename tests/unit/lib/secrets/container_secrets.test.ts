import assert from "node:assert/strict";
import { LABEL } from "../../../../lib/engine/labels.ts";
import { ContainerSecrets } from "../../../../lib/secrets/container_secrets.ts";
import { EnvSecrets } from "../../../../lib/secrets/env_secrets.ts";
import type { SecretFolders } from "../../../../lib/secrets/secret_folders.ts";
import { SecretResolver } from "../../../../lib/secrets/secret_resolver.ts";
import { Secret } from "../../../../lib/util/secret.ts";

const LABELS = { [LABEL.folder]: "bot-one", [LABEL.secrets]: JSON.stringify({ KEY: "env:KEY" }) };

/** Secrets of containers whose folders are those given, with values from variables. */
function secretsOf(
  folders: Record<string, Record<string, string>>,
  variables: Record<string, string>,
): ContainerSecrets {
  const env = new EnvSecrets(
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, new Secret(value)])),
  );
  return new ContainerSecrets(resolverOf(env), foldersOf(folders));
}

function resolverOf(env: EnvSecrets): SecretResolver {
  return new SecretResolver({ file: env, env, age: env, vault: env });
}

function foldersOf(folders: Record<string, Record<string, string>>): SecretFolders {
  const read = (name: string) => Promise.resolve(folders[name] && new Map(Object.entries(folders[name])));
  const version = (name: string) => Promise.resolve(folders[name] && 1);
  return { read, version } as Partial<SecretFolders> as SecretFolders;
}

async function shown(secrets: ContainerSecrets, line: string, labels: Record<string, string> = LABELS) {
  const redactor = await secrets.redactorOf(labels);
  return new TextDecoder().decode((redactor?.redactLine(new TextEncoder().encode(line))) ?? undefined);
}

Deno.test("ContainerSecrets hides what a container was given, not what it would get now", async () => {
  const secrets = secretsOf({ "bot-one": { KEY: "the old value" } }, { KEY: "the new value" });
  assert.equal(await shown(secrets, "a the old value b"), "a *** b");
  assert.equal(await shown(secrets, "a the new value b"), "a the new value b");
});

Deno.test("ContainerSecrets reads values anew after the machine has lost its memory", async () => {
  assert.equal(await shown(secretsOf({}, { KEY: "the same value" }), "a the same value b"), "a *** b");
  const incomplete = secretsOf({ "bot-one": {} }, { KEY: "the same value" });
  assert.equal(await shown(incomplete, "a the same value b"), "a *** b");
});

Deno.test("ContainerSecrets hides all output that may show a secret that nobody knows any more", async () => {
  const hidden = "*** (hidden by Berth, because it may show secret KEY, which cannot be read any more)";
  assert.equal(await shown(secretsOf({}, {}), "anything"), hidden);
  const variables: Record<string, Secret> = {};
  const later = new ContainerSecrets(resolverOf(new EnvSecrets(variables)), foldersOf({}));
  assert.equal(await shown(later, "the value"), hidden);
  variables.KEY = new Secret("the value");
  assert.equal(await shown(later, "a the value b"), "a *** b", "it can be read again");
  const damaged = { ...LABELS, [LABEL.secrets]: "{" };
  assert.match(await shown(secretsOf({}, { KEY: "x" }), "anything", damaged), /^\*\*\* \(hidden by Berth/);
});

Deno.test("ContainerSecrets has nothing to hide for a container without secrets, and reads nothing for it", async () => {
  const secrets = secretsOf({}, {});
  assert.equal(await secrets.redactorOf({ [LABEL.folder]: "bot-one" }), undefined);
  assert.equal(await secrets.haveChanged({ [LABEL.folder]: "bot-one" }), false);
});

Deno.test("ContainerSecrets tells a change from a value that cannot be read", async () => {
  const given = { "bot-one": { KEY: "value" } };
  assert.equal(await secretsOf(given, { KEY: "value" }).haveChanged(LABELS), false);
  assert.equal(await secretsOf(given, { KEY: "other" }).haveChanged(LABELS), true);
  assert.equal(await secretsOf(given, {}).haveChanged(LABELS), false);
  assert.equal(await secretsOf({}, { KEY: "value" }).haveChanged(LABELS), true, "its files are gone");
});
