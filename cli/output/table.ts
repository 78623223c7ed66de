/**
 * Aligns text in columns.
 *
 * @module
 */

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
 * @returns One line per row.
 */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}
