/**
 * Request and response of the operation on images.
 *
 * @module
 */

import { z } from "zod";
import { idParams, type OperationContract, time } from "./common.ts";

/** The image of a bot or a schedule. */
export const usedImage = z.object({
  name: z.string().meta({ description: "The image as the bot or its runtime names it" }),
  pinned: z.string().optional().meta({
    description:
      "The image that the deployment found under this name, and that every start runs: a digest, or an image's id",
  }),
  newer: z.string().optional().meta({
    description: "Digest that the registry has under this name by now, if it is another one",
  }),
  problem: z.string().optional().meta({ description: "Why the registry has not answered" }),
  checkedAt: time.meta({ description: "When the registry was asked: at most once a day" }),
}).meta({ id: "UsedImage" });

/** The image of a bot or a schedule. */
export type UsedImage = z.infer<typeof usedImage>;

/** The operation on images. */
export const IMAGES_CONTRACT = {
  getImage: {
    summary: "Tell which image a bot or a schedule runs in, and whether there is a newer one",
    params: idParams,
    responses: { 200: usedImage },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
