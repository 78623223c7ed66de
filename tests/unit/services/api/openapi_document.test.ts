import assert from "node:assert/strict";
import { OPERATIONS } from "../../../../services/contract/operations.ts";
import { docsPage } from "../../../../services/api/docs_page.ts";
import { openApiDocument } from "../../../../services/api/openapi_document.ts";

// deno-lint-ignore no-explicit-any -- it is looked at as a client does
const document: any = JSON.parse(JSON.stringify(openApiDocument("1.2.3")));

Deno.test("the document describes every operation, its right, and what it answers", () => {
  assert.deepEqual([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  for (const [id, { method, path, role }] of Object.entries(OPERATIONS)) {
    const operation = document.paths[path][method.toLowerCase()];
    assert.equal(operation.operationId, id);
    assert.equal(operation.security.length > 0, role !== "open", id);
    const statuses = Object.keys(operation.responses);
    for (const status of ["400", "401", "403", "408", "413", "415", "421", "429", "500", "503"]) {
      assert.ok(statuses.includes(status), `${id} ${status}`);
    }
    assert.ok(statuses.some((status) => Number(status) < 400), id);
    const inPath = (operation.parameters ?? []).filter((one: { in: string }) => one.in === "path");
    assert.deepEqual(
      inPath.map(({ name }: { name: string }) => `{${name}}`),
      path.match(/\{\w+\}/g) ?? [],
      id,
    );
  }
});

Deno.test("every reference of the document leads to something", () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  for (const [, path] of references) {
    const found = path!.split("/").reduce((value, name) => value?.[name], document);
    assert.ok(found, path);
  }
});

Deno.test("a boolean of a query is true or false, and a string has no control characters", () => {
  const parameters = document.paths["/api/bots/{id}"].delete.parameters;
  const purge = parameters.find(({ name }: { name: string }) => name === "purge");
  if (purge) assert.deepEqual(purge.schema.enum, ["true", "false"]);
  const [text] = document.paths["/api/bots"].get.parameters.filter(({ name }: { name: string }) =>
    name === "text"
  );
  const pattern = new RegExp(text.schema.pattern, "u");
  assert.ok(pattern.test("my\tbot ü") && !pattern.test("a\u0000"));
});

Deno.test("the page shows every operation, and loads and runs nothing", () => {
  const page = docsPage(openApiDocument("1.2.3"));
  for (const id of Object.keys(OPERATIONS)) assert.ok(page.includes(`id="${id}"`), id);
  assert.doesNotMatch(page, /<script|<link|<img|<iframe|\son\w+=|src=|url\(/i);
  assert.doesNotMatch(page, /href="(?!#|\/)/);
});
