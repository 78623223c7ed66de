/**
 * The notes of the documentation on each variable.
 *
 * @module
 */

/** Headings under which the documentation lists variables. */
export type VariableGroup =
  | "Where things are"
  | "Servers"
  | "Containers"
  | "Code"
  | "Dependencies"
  | "Secrets"
  | "Logs"
  | "Service"
  | "Schedules"
  | "Notifications"
  | "API";

/** Documentation of a variable. */
export interface VariableNotes {
  /** Its heading. */
  readonly group: VariableGroup;
  /** Its meaning, without a full stop. */
  readonly description: string;
  /** Description of its default, if the value alone says too little. */
  readonly shown?: string;
}

/**
 * Describes a variable for its `meta()`.
 *
 * @param group Its heading.
 * @param description Its meaning, without a full stop.
 * @param shown Its default in words, if the schema's own says too little.
 */
export function about(
  group: VariableGroup,
  description: string,
  shown?: string,
): VariableNotes & Record<string, unknown> {
  return { group, description, ...(shown !== undefined && { shown }) };
}
