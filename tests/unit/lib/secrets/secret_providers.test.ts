import assert from "node:assert/strict";
import { join } from "node:path";
import { SecretUnavailableError } from "../../../../lib/errors.ts";
import { AgeFile } from "../../../../lib/secrets/age_file.ts";
import { createSecretResolver, type SecretsConfig } from "../../../../lib/secrets/create_secret_resolver.ts";
import type { SecretResolver } from "../../../../lib/secrets/secret_resolver.ts";
import { Secret } from "../../../../lib/util/secret.ts";

/** A folder of secrets, and a resolver that reads it. Its functions may be taken out of the fixture. */
class PlaceFixture implements AsyncDisposable {
  readonly folder: string;
  readonly #dir: string;
  readonly #resolver: SecretResolver;

  private constructor(folder: string, more: Partial<SecretsConfig>) {
    this.folder = folder;
    this.#dir = join(folder, "secrets");
    this.#resolver = createSecretResolver({ dir: this.#dir, env: {}, ...more }, folder);
  }

  static async open(more: Partial<SecretsConfig> = {}): Promise<PlaceFixture> {
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    await Deno.mkdir(join(folder, "secrets"));
    return new PlaceFixture(folder, more);
  }

  /** Writes a file below `SECRETS_DIR`. */
  readonly write = async (path: string, content: string | Uint8Array, mode = 0o600): Promise<void> => {
    const file = join(this.#dir, path);
    await Deno.mkdir(join(file, ".."), { recursive: true });
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.chmod(file, mode);
  };

  /** Resolves one reference. */
  readonly value = async (reference: string): Promise<string> =>
    (await this.#resolver.resolve({ KEY: reference })).get("KEY")!;

  /** The problem of one reference. */
  readonly problem = async (reference: string): Promise<string> => {
    const error = await this.value(reference).then(() => undefined, (error) => error);
    assert.ok(error instanceof SecretUnavailableError, String(error));
    assert.ok(error.message.startsWith(`Secret KEY (${reference}) cannot be used: `), error.message);
    return error.problem;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#resolver[Symbol.dispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("file: reads a file without the line end of an editor, and follows links inside the folder", async () => {
  await using place = await PlaceFixture.open();
  const { write, value, folder } = place;
  await write("binance/key", "s3cret value\n");
  assert.equal(await value("file:binance/key"), "s3cret value");
  await write("two", "a\nb\r\n", 0o640);
  assert.equal(await value("file:two"), "a\nb");
  await Deno.symlink("binance/key", join(folder, "secrets", "link"));
  assert.equal(await value("file:link"), "s3cret value");
  await write("binance/key", "rotated");
  assert.equal(await value("file:link"), "rotated");
});

Deno.test("file: refuses folders, FIFOs, open, large, binary and empty files, links that lead out", async () => {
  await using place = await PlaceFixture.open();
  const { write, problem, folder } = place;
  assert.match(await problem("file:none"), /there is no file '.*\/secrets\/none'/);
  await write("folder/x", "x");
  assert.match(await problem("file:folder"), /is a folder; name a file in it/);
  assert.match(await problem("file:folder/x/y"), /there is no file/);
  await new Deno.Command("mkfifo", { args: [join(folder, "secrets", "fifo")] }).output();
  assert.match(await problem("file:fifo"), /is not a regular file/);
  for (const mode of [0o644, 0o604, 0o666, 0o602]) {
    await write("open", "secret", mode);
    assert.match(
      await problem("file:open"),
      /is open to every user of this machine \(mode 06..\); run chmod 600/,
    );
  }
  await write("large", "x".repeat(1024 * 1024));
  assert.match(await problem("file:large"), /has more than 64 KiB/);
  await write("binary", Uint8Array.of(0xff, 0xfe, 1, 2));
  assert.match(await problem("file:binary"), /is not text .* base64/);
  await write("nul", "a\0b");
  assert.match(await problem("file:nul"), /is not text/);
  await write("empty", "\n");
  assert.match(await problem("file:empty"), /is empty/);
  await Deno.symlink("/etc/hostname", join(folder, "secrets", "out"));
  assert.match(await problem("file:out"), /leads out of SECRETS_DIR/);
});

Deno.test("env: gives out the variables that the operator has listed, and no others", async () => {
  await using place = await PlaceFixture.open({
    env: { LISTED: new Secret("from the environment"), UNSET: undefined },
  });
  const { value, problem } = place;
  assert.equal(await value("env:LISTED"), "from the environment");
  assert.match(await problem("env:UNSET"), /UNSET is not set/);
  assert.match(await problem("env:PATH"), /SECRET_ENV does not list the variable PATH/);
  assert.match(await problem("env:constructor"), /does not list/);
});

Deno.test("age: reads what 'berth secret' has stored, and keeps file and key closed", async () => {
  await using place = await PlaceFixture.open();
  const { folder, value, problem } = place;
  const file = new AgeFile({ dataDir: folder });
  assert.match(
    await problem("age:binance.key"),
    /has no 'binance.key'; add it with 'berth secret set binance.key'/,
  );
  assert.equal(await file.set("binance.key", "first value"), true);
  assert.equal(await value("age:binance.key"), "first value");
  await Promise.all([file.set("b", "2"), file.set("c", "3"), file.set("binance.key", "second: value")]);
  assert.equal(await value("age:binance.key"), "second: value");
  assert.deepEqual([...(await file.entries()).keys()], ["b", "binance.key", "c"]);
  for (const name of ["secrets.age", "secrets.identity"]) {
    assert.equal((await Deno.stat(join(folder, name))).mode! & 0o777, 0o600, name);
  }
  const raw = new TextDecoder("latin1").decode(await Deno.readFile(join(folder, "secrets.age")));
  assert.ok(raw.startsWith("age-encryption.org/v1") && !raw.includes("binance") && !raw.includes("second"));
  assert.equal(await file.remove("b"), true);
  assert.equal(await file.remove("b"), false);
  assert.match(await problem("age:b"), /has no 'b'/);

  await Deno.chmod(join(folder, "secrets.identity"), 0o640);
  await file.entries().then(() => assert.fail("read with an open key"), (error) => {
    assert.match(error.message, /secrets.identity' is open to other users; run chmod 600/);
  });
  await Deno.remove(join(folder, "secrets.identity"));
  assert.match(await problem("age:c"), /there is no key '.*secrets.identity'/);
  await Deno.writeTextFile(join(folder, "secrets.identity"), "not a key\n", { mode: 0o600 });
  await Deno.chmod(join(folder, "secrets.identity"), 0o600);
  assert.match(await problem("age:c"), /is not an identity file of age/);
});

Deno.test("age: reads a file that another age program has made, and shows nothing of a broken one", async () => {
  await using place = await PlaceFixture.open();
  const { folder, value, problem } = place;
  const { armor, Encrypter, generateIdentity, identityToRecipient } = await import("age-encryption");
  const identity = await generateIdentity();
  const write = async (text: string) => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    await Deno.writeTextFile(join(folder, "secrets.age"), armor.encode(await encrypter.encrypt(text)));
  };
  await Deno.writeTextFile(join(folder, "secrets.identity"), `# created: today\n${identity}\n`, {
    mode: 0o600,
  });
  await write("# by hand\nbinance.key: abc123\npin: 0042\n");
  assert.equal(await value("age:binance.key"), "abc123");
  assert.equal(await value("age:pin"), "0042");
  for (
    const text of ["top: [secret-content]", "secret-content", "a: 'secret-content", "- secret-content"]
  ) {
    await write(text);
    const shown = await problem("age:pin");
    assert.match(shown, /must hold names and values as YAML/);
    assert.ok(!shown.includes("secret-content"), shown);
  }
  await Deno.writeTextFile(join(folder, "secrets.age"), "age-encryption.org/v1\nnonsense");
  assert.match(await problem("age:pin"), /cannot be decrypted with the key/);
});
