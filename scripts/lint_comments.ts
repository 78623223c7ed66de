/**
 * A lint rule for documentation: no comment, parameter or result begins with a clause instead of a noun or a verb. See
 * "Words" in CONTRIBUTING.md.
 *
 * @module
 */

const MESSAGE = "A documentation comment begins with 'What', 'Who' or 'Of'";
const HINT = "Begin with a verb for a function (Returns …), with a noun for the rest (The name of …)";
const CLAUSE =
  /^\*\s*(?:\*\s*)?(?:What|Who|Of)\b|@(?:param\s+\S+|returns|throws(?:\s+\{[^}]*\})?)\s+(?:What|Who|Of)\b/;

const plugin: Deno.lint.Plugin = {
  name: "berth-docs",
  rules: {
    "no-clause": {
      create: (context) => ({
        Program() {
          for (const comment of context.sourceCode.getAllComments()) {
            if (comment.type === "Block" && CLAUSE.test(comment.value)) {
              context.report({ range: comment.range, message: MESSAGE, hint: HINT });
            }
          }
        },
      }),
    },
  },
};

export default plugin;
