/**
 * Aligns text in columns.
 *
 * @module
 */

/** Options of {@linkcode formatTable}. */
export interface FormatTableOptions {
  /** Width of the screen: cells are shortened until each line fits. @default {cells are not shortened} */
  readonly columns?: number | undefined;
}

/** Width below which no column is shortened, so that something of each stays readable. */
const MIN_WIDTH = 5;
const GAP = "  ";

/** Maximum length of a cell that is not the last of its row. */
const MAX_CELL_LENGTH = 60;

/** Shortens a cell that can have any length, such as a cron expression. @param text The cell. */
export function clip(text: string): string {
  return text.length > MAX_CELL_LENGTH ? `${text.slice(0, MAX_CELL_LENGTH)}…` : text;
}

/**
 * Aligns cells in columns as wide as their widest cell.
 *
 * @param rows The cells, the same number in each row.
 * @param options See {@linkcode FormatTableOptions}.
 * @returns One line per row.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  { columns }: FormatTableOptions = {},
): string[] {
  const natural = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const widths = columns === undefined ? natural : fit(natural, columns);
  return rows.map((row) =>
    row.map((cell, column) => shorten(cell, widths[column]!).padEnd(widths[column]!)).join(GAP).trimEnd()
  );
}

/** Takes from the widest column first: it has most to spare. */
function fit(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  const free = columns - GAP.length * Math.max(0, widths.length - 1);
  for (let over = sum(widths) - free; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= MIN_WIDTH) break;
    widths[widest]!--;
  }
  return widths;
}

/**
 * Shortens text to a width.
 *
 * @param text The text.
 * @param width Number of characters, at least 1.
 */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
