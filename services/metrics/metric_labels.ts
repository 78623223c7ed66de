/**
 * Labels of metrics, and how a page writes them.
 *
 * @module
 */

/** A value for each label of a metric. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** Arguments of a method of a metric: labels come first, if the metric has any. */
export type Labelled<L extends string, A extends readonly unknown[]> = [L] extends [never] ? A
  : [labels: Labels<L>, ...A];

/**
 * Writes labels as both formats of the page do.
 *
 * @param names Their names, in the order of the page.
 * @param labels Their values. Two that differ are written differently.
 * @returns For example `bot="a",state="running"`; empty without labels.
 */
export function writeLabels<L extends string>(names: readonly L[], labels: Labels<L>): string {
  return names.map((name) => `${name}="${escape(labels[name])}"`).join(",");
}

function escape(value: string): string {
  // Half a character is sent as U+FFFD, and two series must not become one on the way.
  return value.toWellFormed().replace(/[\\"\n]/g, (found) => found === "\n" ? "\\n" : `\\${found}`);
}
