/**
 * Where on a cluster a bot runs.
 *
 * @module
 */

import { z } from "zod";

/** Constraints and preferences for the node of a bot, in the Swarm's own terms. */
export interface Placement {
  /** Conditions that the node has to meet, for example `node.labels.zone==a`. @default {none} */
  readonly constraints?: readonly string[];
  /** Labels over whose values bots are spread, for example `node.labels.zone`. @default {over all nodes} */
  readonly spread?: readonly string[];
  /** Conditions that count while a usable node meets them, the most important first. @default {none} */
  readonly prefer?: readonly string[];
}

/** A condition, taken apart. */
export interface NodeCondition {
  /** The compared key, for example `node.labels.zone`. */
  readonly key: string;
  /** Whether it has to be the value, or anything else. */
  readonly isEqual: boolean;
  /** The value. */
  readonly value: string;
}

/** The most entries of each list. */
export const MAX_PLACEMENT_ENTRIES = 20;
/** The most characters of an entry. */
export const MAX_PLACEMENT_LENGTH = 200;

const CONDITION =
  /^(node\.(?:id|hostname|role|platform\.os|platform\.arch|labels\.[\w.-]+)|engine\.labels\.[\w.-]+) *(==|!=) *([\w.:/-]+)$/;
const LABEL = /^(?:node|engine)\.labels\.[\w.-]+$/;

/**
 * Parses a condition.
 *
 * @param text The condition.
 * @returns `undefined` if it is none.
 */
export function parseCondition(text: string): NodeCondition | undefined {
  const [, key, operator, value] = text.length > MAX_PLACEMENT_LENGTH ? [] : CONDITION.exec(text) ?? [];
  return key === undefined ? undefined : { key, isEqual: operator === "==", value: value! };
}

/**
 * Finds what is wrong with a condition.
 *
 * @param text The condition.
 * @returns The problem, which continues a sentence; `undefined` if there is none.
 */
export function conditionProblem(text: string): string | undefined {
  if (text.length > MAX_PLACEMENT_LENGTH) return `must have at most ${MAX_PLACEMENT_LENGTH} characters`;
  const condition = parseCondition(text);
  if (!condition) {
    return "must compare node.id, node.hostname, node.role, node.platform.os, node.platform.arch, node.labels.NAME or " +
      "engine.labels.NAME by == or !=, such as node.labels.zone==a";
  }
  const isRole = /^(?:manager|worker)$/i.test(condition.value);
  return condition.key === "node.role" && !isRole ? "must name the role manager or worker" : undefined;
}

/**
 * Finds what is wrong with a label to spread over.
 *
 * @param text The label.
 * @returns The problem, which continues a sentence; `undefined` if there is none.
 */
export function spreadProblem(text: string): string | undefined {
  const isLabel = text.length <= MAX_PLACEMENT_LENGTH && LABEL.test(text);
  return isLabel ? undefined : "must be node.labels.NAME or engine.labels.NAME, such as node.labels.zone";
}

const list = (problemOf: (text: string) => string | undefined) =>
  z.array(
    z.string().superRefine((text, context) => {
      const message = problemOf(text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    }),
  ).min(1).max(MAX_PLACEMENT_ENTRIES).exactOptional();

/** Schema of {@linkcode Placement}. */
export const placementSchema: z.ZodType<Placement> = z.strictObject({
  constraints: list(conditionProblem),
  spread: list(spreadProblem),
  prefer: list(conditionProblem),
});
