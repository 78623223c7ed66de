import assert from "node:assert/strict";
import { type BotFolder, readBotFolder } from "../../../../cli/deploy/bot_folder.ts";
import { InvalidBotFolderError, InvalidExecutableError } from "../../../../lib/errors.ts";
import { parseExecutable } from "../../../../lib/executable/executable.ts";

const YAML = "name: b\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n";

async function read(files: Record<string, string | number[]>, configFile?: string): Promise<BotFolder> {
  const folder = await Deno.makeTempDir({ prefix: "berth-folder-" });
  try {
    for (const [name, content] of Object.entries({ "bot-config.yaml": YAML, ...files })) {
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : Uint8Array.from(content);
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    return await readBotFolder(folder, configFile && `${folder}/${configFile}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = (text: string) => [...new TextEncoder().encode(text)];

async function refusal(files: Record<string, string | number[]>, configFile?: string): Promise<string> {
  const error = await read(files, configFile).catch((error) => error);
  assert.ok(error instanceof InvalidBotFolderError, String(error));
  return error.message.replace(/'[^']*\//, "'");
}

Deno.test("readBotFolder() accepts a byte order mark, and keeps every other byte of the configuration", async () => {
  const text = '{"name": "Jürgen",\r\n "roi": {"60": 1.0, "0": 1e-400}}\n';
  const bom = [0xef, 0xbb, 0xbf];
  const bot = await read({
    "config.json": [...bom, ...bytes(text)],
    "bot-config.yaml": [...bom, ...bytes(YAML)],
  });
  assert.deepEqual([bot.config, bot.name], [text, "b"]);
  assert.equal((await read({ "other.json": [...bom, ...bytes(text)] }, "other.json")).config, text);
  assert.equal((await read({})).config, "{}");
});

Deno.test("readBotFolder() refuses what is not UTF-8, with line and byte", async () => {
  const cp1252 = [...bytes('{"a": 1,\n "name": "J'), 0xfc, ...bytes('rgen"}')];
  assert.equal(
    await refusal({ "config.json": cp1252 }),
    "Cannot use 'config.json': it is not UTF-8 at line 2, byte 12. Save it as UTF-8.",
  );
  assert.match(
    await refusal({ "x.json": cp1252 }, "x.json"),
    /'x\.json': it is not UTF-8 at line 2, byte 12/,
  );
  assert.match(
    await refusal({ "bot-config.yaml": [...bytes("name: J"), 0xfc] }),
    /'bot-config\.yaml': it is not UTF-8 at line 1, byte 8/,
  );
  assert.match(await refusal({ "config.json": [...bytes("{}"), 0xe2, 0x82] }), /line 1, byte [345]/);
  assert.match(await refusal({ "config.json": [0xff, 0xfe, 0x7b, 0x00] }), /it is UTF-16\. Save it as UTF-8/);
});

Deno.test("an error about a configuration shows line and column, and never what stands there", async () => {
  const secret = "s3cr3t-value";
  for (
    const text of [
      `{"api_secret": ${secret}}`,
      `{"api_secret": "${secret}"`,
      `{"api_secret": "${secret}", }`,
      `{"api_secret": "${secret}"} ${secret}`,
      `{"api_secret": '${secret}'}`,
      `"${secret}"x`,
      `{"${secret}": NaN}`,
    ]
  ) {
    const message = await refusal({ "config.json": text });
    assert.match(message, /^Cannot use 'config\.json': it is not JSON: [\w ,']+ \(line 1, column \d+\)\.$/);
    const input = { id: "a", entrypointFiles: { bot: "main.py" }, filePath: "x", config: text };
    assert.throws(() => parseExecutable(input), (error) => {
      assert.ok(error instanceof InvalidExecutableError && !error.message.includes("s3cr"), String(error));
      assert.match(error.message, /config: must be JSON: .*line 1, column/);
      return true;
    });
  }
  assert.equal(
    await refusal({ "config.json": '{\n  "key": s3cr3t\n}' }),
    "Cannot use 'config.json': it is not JSON: a value is none of JSON's (line 2, column 10).",
  );
});
