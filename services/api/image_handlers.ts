/**
 * Handles the operation on the image of a bot or a schedule.
 *
 * @module
 */

import { messageOf } from "../../lib/errors.ts";
import { IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";
import type { UsedImage } from "../contract/images.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import { field } from "../documents/document_fields.ts";
import { readPinnedImage } from "../documents/pinned_image.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { Handlers } from "./handlers.ts";

/** How long a registry may take to answer, in ms. */
const ANSWER_MS = 3000;
/** How long an answer counts, in ms: registries count requests. */
const FRESH_MS = 24 * 3_600_000;
/** The same of a failure. */
const RETRY_MS = 10 * 60_000;
/** The most answers that are kept. */
const MAX_ANSWERS = 1000;

/** The answer of a registry. */
type Answer = Pick<UsedImage, "newer" | "problem"> & { readonly at: number };

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function imageHandlers(parts: ApiParts): Handlers<"getImage"> {
  const { bots, schedules, runner, clock } = parts;
  const answers = new Map<string, Answer>();

  async function ask(name: string, runs: string | undefined, signal: AbortSignal): Promise<Answer> {
    const key = `${name} ${runs ?? ""}`;
    const known = answers.get(key);
    const at = clock.now();
    if (known && at - known.at < (known.problem === undefined ? FRESH_MS : RETRY_MS)) return known;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    let answer: Answer;
    try {
      const newer = await runner.newerImage(name, runs, { signal: limit });
      answer = { at, ...(newer !== undefined && { newer }) };
    } catch (error) {
      signal.throwIfAborted();
      answer = {
        at,
        problem: limit.aborted
          ? `the registry has not answered within ${ANSWER_MS / 1000} s`
          : messageOf(error),
      };
    }
    if (answers.size >= MAX_ANSWERS) answers.delete(answers.keys().next().value!);
    answers.delete(key);
    answers.set(key, answer);
    return answer;
  }

  return {
    async getImage({ params: { id }, signal }) {
      const document = await bots.get(id, { signal }) ?? await schedules.get(id, { signal });
      const parsed = document && parseBotDocument(document);
      if (parsed?.status !== "valid") {
        throw new ApiProblem(
          404,
          "image/not-found",
          `There is no bot or schedule '${id}' that has an image.`,
          {
            advice: "'berth ps' lists them, and says what is wrong with a document.",
          },
        );
      }
      const { executable } = parsed;
      const reference = runner.imageOf(executable);
      const pinned = executable.runtime === IMAGE_RUNTIME
        ? readPinnedImage(field(document!, "custom"))
        : undefined;
      const name = pinned?.reference === reference ? pinned.name : reference;
      const runs = name === reference ? undefined : reference;
      const { at, ...answer } = await ask(name, runs, signal);
      return {
        body: {
          name,
          ...(runs !== undefined && { pinned: runs }),
          ...answer,
          checkedAt: new Date(at).toISOString(),
        },
      };
    },
  };
}
