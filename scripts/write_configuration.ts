/**
 * Writes docs/configuration.md from the schemas of the configuration: `deno task configuration`.
 *
 * @module
 */
import { markdownTable } from "./markdown_table.ts";
import { RUNNER_SCHEMA } from "../lib/runner/runner_schema.ts";
import type { VariableGroup, VariableNotes } from "../lib/runner/variable_notes.ts";
import { SERVICE_SCHEMA } from "../services/config.ts";

/** One variable, as the page lists it. */
interface Variable extends VariableNotes {
  readonly name: string;
  /** Its default. */
  readonly standard: string;
  /** The values that it takes. */
  readonly values: string;
}

const GROUPS: readonly VariableGroup[] = [
  "Where things are",
  "Servers",
  "Service",
  "Containers",
  "Logs",
  "Schedules",
  "Notifications",
  "API",
  "Code",
  "Dependencies",
  "Secrets",
];

const HEAD = `# Configuration

For operators. Berth reads its configuration from environment variables; everything has a default. An empty
value counts as not set. Berth reports all mistakes at once, and does not start with any. \`./berth doctor\`
checks what the configuration names.

Without \`MONGO_URI\`, \`NATS_URL\` and \`MINIO_ENDPOINT\`, Berth runs on SQLite and a folder. To run on servers,
set all three, and the credentials of MinIO; a partial set is rejected with a list of what is missing. Bots
alone (\`SERVICES=bots\`) need no \`NATS_URL\`.

Settings of one bot or schedule are in its [document](documents-and-events.md), below \`config.berth\`.

<!-- Made by \`deno task configuration\` from lib/runner/runner_schema.ts and services/config.ts. -->
`;

/** The page's text. */
export function configurationPage(): string {
  const variables = [RUNNER_SCHEMA, SERVICE_SCHEMA].flatMap(({ shape }) =>
    Object.entries(shape).map(([name, field]) => toVariable(name, field))
  );
  const sections = GROUPS.map((group) => {
    const rows = variables.filter((variable) => variable.group === group)
      .map(({ name, standard, values, description }) => [
        `\`${name}\``,
        /^$|\s/.test(standard) ? standard : `\`${standard}\``,
        values,
        description,
      ]);
    return `\n## ${group}\n\n${markdownTable([["Variable", "Default", "Value", "Meaning"], ...rows])}\n`;
  });
  return HEAD + sections.join("");
}

/** The part of a schema's field that is read here. */
interface Field {
  meta(): Record<string, unknown> | undefined;
  safeParse(value: unknown): { data?: unknown; error?: { issues: readonly { message: string }[] } };
}

function toVariable(name: string, field: Field): Variable {
  const notes = field.meta() as unknown as VariableNotes | undefined;
  if (!notes?.group) throw new Error(`${name}: the schema does not describe it; add .meta(about(…))`);
  const standard = notes.shown ?? String(field.safeParse(undefined).data ?? "");
  if (standard.includes("[object")) throw new Error(`${name}: its default is an object; say how to show it`);
  return { ...notes, name, standard, values: valuesOf(field) };
}

/** The values that the schema expects, from its message about one that nothing accepts, without "must be". */
function valuesOf(field: Field): string {
  const message = field.safeParse("§").error?.issues[0]?.message ?? "";
  return message.replace(/^must be (an? )?/, "").replace(/^must begin with/, "begins with").replace(
    /^must name /,
    "",
  )
    .replace(/[;:,] [^;]*'§'.*$/, "");
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../docs/configuration.md", import.meta.url), configurationPage());
}
