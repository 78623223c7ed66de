/**
 * Lint rules for tests: they wait with `until()` and `pause()` of tests/support/until.ts, so that each wait has a limit
 * and says what it waits for.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const TESTS = fileURLToPath(new URL("../tests/", import.meta.url));
const MESSAGE = {
  sleep: "A test sleeps without a reason",
  loop: "A test waits without a limit",
};
const HINT =
  "Wait for a condition with until(), or with pause() where there is none (tests/support/until.ts)";

/** Whether a file is a test or supports one. The rest waits with the clock that it is given. */
function isTest(path: string): boolean {
  return path.startsWith(TESTS) && path !== `${TESTS}support/until.ts`;
}

/** Whether a loop does nothing but let time pass. */
function onlyPauses(body: Deno.lint.Statement | null): boolean {
  // Deno has no node for an empty statement.
  if (body === null) return false;
  if (body.type === "BlockStatement") return body.body.length === 1 && onlyPauses(body.body[0]!);
  if (body.type !== "ExpressionStatement" || body.expression.type !== "AwaitExpression") return false;
  const { argument } = body.expression;
  if (argument.type === "NewExpression") return true;
  return argument.type === "CallExpression" && argument.callee.type === "Identifier" &&
    /^(?:pause|turn|settle|delay|sleep)$/.test(argument.callee.name);
}

const plugin: Deno.lint.Plugin = {
  name: "berth",
  rules: {
    "no-bare-sleep": {
      create(context) {
        if (!isTest(context.filename)) return {};
        return {
          'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]'(node) {
            context.report({ node, message: MESSAGE.sleep, hint: HINT });
          },
          'ImportDeclaration[source.value="node:timers/promises"]'(node) {
            context.report({ node, message: MESSAGE.sleep, hint: HINT });
          },
        };
      },
    },
    "no-endless-wait": {
      create(context) {
        if (!isTest(context.filename)) return {};
        return {
          WhileStatement(node) {
            if (onlyPauses(node.body)) context.report({ node, message: MESSAGE.loop, hint: HINT });
          },
          ForStatement(node) {
            if (!node.update && onlyPauses(node.body)) {
              context.report({ node, message: MESSAGE.loop, hint: HINT });
            }
          },
        };
      },
    },
  },
};

export default plugin;
