import assert from "node:assert/strict";
import { rewordProblem } from "../../../../cli/client/reword_problem.ts";

const INVALID = { type: "about:blank", title: "", status: 400, code: "request/invalid" };

Deno.test("rewordProblem() names a refused value as it was typed", () => {
  const request = { given: { id: "../x", state: "foo" }, hasToken: false };
  const issues = [{ path: "path.id", message: "must begin with a letter" }, {
    path: "query.state",
    message: "must be one of queued, running",
  }];
  const detail = "path.id: must begin with a letter; query.state: must be one of queued, running";
  assert.equal(
    rewordProblem({ ...INVALID, detail, issues }, request).detail,
    "The id '../x' must begin with a letter. The state 'foo' must be one of queued, running.",
  );
});

Deno.test("rewordProblem() leaves what is about the body as it is", () => {
  const request = { given: { id: "x" }, hasToken: false };
  const problem = { ...INVALID, detail: "body.a: bad", issues: [{ path: "body.a", message: "bad" }] };
  assert.deepEqual(rewordProblem(problem, request), problem);
});

Deno.test("rewordProblem() says which variable has no token, or a wrong one", () => {
  const problem = {
    ...INVALID,
    status: 401,
    code: "auth/missing",
    detail: "The request has no valid token.",
  };
  assert.match(rewordProblem(problem, { given: {}, hasToken: false }).detail, /BERTH_TOKEN is not set/);
  const wrong = rewordProblem(problem, { given: {}, hasToken: true });
  assert.match(wrong.detail, /does not know the token in BERTH_TOKEN/);
  assert.match(wrong.advice ?? "", /'berth token create NAME/);
});
