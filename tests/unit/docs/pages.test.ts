import assert from "node:assert/strict";
import { dirname, normalize } from "node:path";
import { parse as parseYaml } from "yaml";
import { parseBotConfig } from "../../../cli/deploy/bot_config_schema.ts";
import { findCommand } from "../../../cli/commands/commands.ts";
import { parseStoredLine } from "../../../lib/logs/line_format.ts";
import { shippedCalendars } from "../../../services/calendars/calendar_book.ts";
import { readCalendar } from "../../../services/calendars/read_calendar.ts";
import { parseBotDocument } from "../../../services/documents/bot_document.ts";
import { readBotSettings } from "../../../services/documents/bot_settings.ts";
import { parseBotEvent } from "../../../services/events/bot_event.ts";
import { parseChannels } from "../../../services/notifications/parse_channels.ts";
import { readGuards } from "../../../services/documents/guard_settings.ts";
import { readHealthSettings } from "../../../services/documents/health_settings.ts";
import type { Fields } from "../../../services/documents/document_fields.ts";
import { parseFleet } from "../../../services/guards/parse_fleet.ts";
import { readRunFields, RUN_FIELDS } from "../../../services/schedules/run_fields.ts";
import { parseScheduleDocument } from "../../../services/schedules/schedule_document.ts";
import { type DocBlock, docBlocks, docPages, ROOT } from "../../support/builders/doc_blocks.ts";

const PAGES = await docPages();
const BLOCKS = (await Promise.all(PAGES.map(docBlocks))).flat();
/** Commands that the script `berth` alone knows. */
const OF_THE_SCRIPT = ["setup", "test", "ok", "bench", "lab", "help"];
/** The pages whose commands tests/engine/docs.test.ts runs. */
const RUN_PAGES = [
  "README.md",
  ...[
    "getting-started",
    "bots",
    "runtimes",
    "sdk",
    "schedules",
    "operating",
    "secrets",
    "state",
    "health",
    "versions",
  ]
    .map((
      name,
    ) => `docs/${name}.md`),
];

const place = ({ page, line }: DocBlock) => `${page}:${line}`;

/** Whether some test runs a block, or reads it with the parser of the real thing. */
function isRun({ page, language, attributes: { file, parse, run } }: DocBlock): boolean {
  switch (language) {
    case "sh":
      return RUN_PAGES.includes(page) || run === "permissions";
    case "ts":
      return file !== undefined || run === "store" || run === "runner";
    case "bash":
    case "json":
    case "yaml":
    case "python":
    case "js":
      return file !== undefined || (parse ?? "") in PARSERS;
    // Pictures, and what a command prints.
    case "mermaid":
    case "text":
      return true;
    default:
      return false;
  }
}

/** How each kind of example is read; throws, or returns what is wrong. */
const PARSERS: Readonly<Record<string, (block: DocBlock) => string | undefined>> = {
  bot: ({ code }) => problemOf(parseBotDocument(JSON.parse(code))),
  channels: ({ code }) => parseChannels(code).problems.join("; ") || undefined,
  schedule: ({ code }) => problemOf(parseScheduleDocument(JSON.parse(code))),
  run: ({ code }) => {
    const fields: Record<string, unknown> = JSON.parse(code);
    for (const { name, type } of RUN_FIELDS) {
      if (type === "date" && name in fields) fields[name] = new Date(fields[name] as string);
    }
    const record = readRunFields(fields);
    const read = Object.keys(record ?? {}).length;
    return read === Object.keys(fields).length ? undefined : "a field of the record is not read";
  },
  event: ({ code, attributes: { subject = "" } }) => {
    const subjectPrefix = subject.replace(/\.[a-z]+$/, "");
    const parsed = parseBotEvent({
      subject,
      subjectPrefix,
      payload: new TextEncoder().encode(code),
      order: {},
    });
    return "problem" in parsed ? parsed.problem : undefined;
  },
  fleet: ({ code }) => parseFleet(code).problems[0],
  guards: ({ code }) => {
    const problems: string[] = [];
    readGuards(parseYaml(code), problems);
    return problems[0];
  },
  health: ({ code }) => {
    const problems: string[] = [];
    readHealthSettings(parseYaml(code) as Fields, problems);
    return problems[0];
  },
  session: ({ code }) => {
    const problems: string[] = [];
    const { settings } = readBotSettings(parseYaml(code), problems);
    return settings.session ? problems[0] : "it has no session";
  },
  settings: ({ code }) => {
    const problems: string[] = [];
    readBotSettings(parseYaml(code), problems);
    return problems[0];
  },
  "schedule-settings": ({ code }) => {
    const { schedule, ...berth } = parseYaml(code);
    const described = { name: "a", version: "1.0.0", runtime: "python3.11", entrypoints: { bot: "main.py" } };
    const custom = { filePath: "a.zip", config: described };
    return problemOf(parseScheduleDocument({ id: "a", config: { schedule, berth }, custom }));
  },
  calendar: ({ code }) => {
    const name = JSON.parse(code).extends ?? "forex";
    const read = readCalendar(code, name, (base) => shippedCalendars.get(base));
    return "problem" in read ? read.problem : undefined;
  },
  "log-lines": ({ code }) =>
    code.trim().split("\n").every((line) => parseStoredLine(line)) ? undefined : "a line cannot be read",
  result: ({ code }) => typeof JSON.parse(code) === "object" ? undefined : "it is no object",
};

function problemOf(
  parsed: { status: "valid"; notes: readonly string[] } | { status: "invalid"; reason: string },
): string | undefined {
  return parsed.status === "invalid" ? parsed.reason : parsed.notes[0];
}

Deno.test("every code block of the documentation is run by a test, or says why it is not", () => {
  const known = ["not-run", "file", "background", "until-ctrl-c", "parse", "subject", "run", "exits"];
  for (const block of BLOCKS) {
    const { language, attributes } = block;
    assert.deepEqual(Object.keys(attributes).filter((name) => !known.includes(name)), [], place(block));
    assert.notEqual(attributes["not-run"], "", `${place(block)}: not-run needs a reason`);
    assert.ok(
      isRun(block) || attributes["not-run"],
      `${
        place(block)
      }: no test runs this block of '${language}'; give it an attribute, or not-run="the reason"`,
    );
  }
});

for (const block of BLOCKS.filter(({ attributes }) => attributes.parse !== undefined)) {
  Deno.test(`the example at ${place(block)} is a valid ${block.attributes.parse}`, () => {
    assert.equal(PARSERS[block.attributes.parse!]!(block), undefined);
  });
}

for (const block of BLOCKS.filter(({ attributes }) => /\.(json|yaml)$/.test(attributes.file ?? ""))) {
  Deno.test(`the file at ${place(block)} can be read`, () => {
    if (block.language === "json") return void JSON.parse(block.code);
    const parsed = parseBotConfig(parseYaml(block.code, { schema: "failsafe" }));
    assert.deepEqual("problems" in parsed ? parsed.problems : [], []);
  });
}

/** The option of every command that asks the service. */
const SERVER = { server: {} };

Deno.test("every command that the documentation names exists, with its options", async () => {
  for (const page of PAGES) {
    const text = await Deno.readTextFile(ROOT + page);
    const found = text.matchAll(/(?:\.\/|`)berth ([a-z]+(?:-[a-z]+)*)((?: +(?!#)[^\s`|,)]+)*)/g);
    for (const [command, name = "", rest = ""] of found) {
      if (OF_THE_SCRIPT.includes(name)) continue;
      const [, known] = findCommand(name) ?? [];
      assert.ok(known, `${page}: ${command}`);
      const options = Object.entries({ ...known.options, ...(known.isClient && SERVER) }).flatMap((
        [long, { short }]: [string, { short?: string }],
      ) => [
        `--${long}`,
        ...(short ? [`-${short}`] : []),
      ]);
      for (const [option] of rest.matchAll(/(?<=^|\s)-{1,2}[a-z][a-z-]*/g)) {
        assert.ok(["--help", ...options].includes(option), `${page}: ${command}: ${option}`);
      }
    }
  }
});

Deno.test("every link of the documentation leads to a file, and every page is linked", async () => {
  const linked = new Set(["README.md"]);
  for (const page of PAGES) {
    const text = (await Deno.readTextFile(ROOT + page)).replace(/^```[^]*?^```$/gm, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      const path = normalize(`${dirname(page)}/${target}`);
      await assert.doesNotReject(Deno.stat(ROOT + path), `${page} links to ${target}`);
      linked.add(path);
    }
  }
  assert.deepEqual(PAGES.filter((page) => !linked.has(page)), []);
});

Deno.test("every file and folder of the repository that the documentation names is there", async () => {
  for (const page of PAGES.filter((page) => page !== "CHANGELOG.md")) {
    const text = (await Deno.readTextFile(ROOT + page)).replace(/^```[^]*?^```$/gm, "");
    for (
      const [, path = ""] of text.matchAll(/`((?:lib|services|cli|tests|scripts|setup|examples)\/[\w./-]*)`/g)
    ) {
      await assert.doesNotReject(Deno.stat(ROOT + path), `${page} names ${path}`);
    }
  }
});

Deno.test("README.md has at most 150 lines", async () => {
  const lines = (await Deno.readTextFile(`${ROOT}README.md`)).trimEnd().split("\n").length;
  assert.ok(lines <= 150, String(lines));
});
