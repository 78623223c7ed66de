/**
 * Shows the OpenAPI document as a page.
 *
 * @module
 */

import { escapeHtml, htmlPage } from "./html_page.ts";
import type { OpenApiDocument } from "./openapi_document.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: unknown;
}

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description?: string;
        readonly content?: Readonly<Record<string, { readonly schema?: unknown }>>;
      }
    >
  >;
}

/**
 * Writes the page.
 *
 * @param document The document.
 */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, unknown>).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation: operation as Described,
    }))
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const schemas = Object.entries(document.components?.schemas ?? {});
  return htmlPage(
    "Berth API",
    `<h1>Berth API <small class="note">${escapeHtml(document.info.version)}</small></h1>
${paragraphs(document.info.description)}
<p><a href="/api/openapi.json">OpenAPI document</a>, <a href="/">start page</a></p>
<ul>${tags.map((tag) => `<li><a href="#${slug(tag)}">${escapeHtml(tag)}</a></li>`).join("")}
<li><a href="#schemas">schemas</a></li></ul>
${
      tags.map((tag) =>
        `<h1 id="${slug(tag)}">${escapeHtml(tag)}</h1>\n` +
        operations.filter(({ operation }) => operation.tags.includes(tag)).map(section).join("\n")
      ).join("\n")
    }
<h1 id="schemas">Schemas</h1>
${
      schemas.map(([name, schema]) =>
        `<h2 id="schema-${escapeHtml(name)}">${escapeHtml(name)}</h2>\n<pre>${json(schema)}</pre>`
      ).join("\n")
    }`,
  );
}

function section(
  { path, method, operation }: { path: string; method: string; operation: Described },
): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map((one) =>
    row([
      `<code>${escapeHtml(one.name)}</code>`,
      escapeHtml(one.in) + (one.required ? ", required" : ""),
      escapeHtml(one.description ?? ""),
      `<code>${json(one.schema, 0)}</code>`,
    ])
  );
  const successes = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const problems = Object.keys(responses).filter((status) => Number(status) >= 400);
  return `<h2 id="${escapeHtml(operationId)}"><span class="method">${method}</span><code>${
    escapeHtml(path)
  }</code></h2>
<p>${escapeHtml(summary)}.</p>
${paragraphs(description)}
${rows.length > 0 ? `<table>${rows.join("")}</table>` : ""}
${requestBody ? `<p>Body:</p>${contents(requestBody.content)}` : ""}
${
    successes.map(([status, { description = "", content = {} }]) =>
      `<p>${status} ${escapeHtml(description)}</p>${contents(content)}`
    ).join("\n")
  }
<p class="note">Problems: ${problems.join(", ")}</p>`;
}

function contents(content: Readonly<Record<string, { readonly schema?: unknown }>>): string {
  return Object.entries(content).map(([type, { schema }]) =>
    `<p class="note">${escapeHtml(type)}</p><pre>${json(schema)}</pre>`
  ).join("");
}

/** A schema as JSON; names of other schemas lead to them. */
function json(schema: unknown, space = 2): string {
  return escapeHtml(JSON.stringify(schema, null, space) ?? "").replace(
    /#\/components\/schemas\/(\w+)/g,
    (_, name) => `<a href="#schema-${name}">${name}</a>`,
  );
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

function paragraphs(text = ""): string {
  const marked = (part: string) => escapeHtml(part).replace(/`([^`]+)`/g, "<code>$1</code>");
  return text.split("\n\n").filter(Boolean).map((part) => `<p>${marked(part)}</p>`).join("\n");
}

function slug(tag: string): string {
  return tag.replace(/[^a-z]+/g, "-");
}
