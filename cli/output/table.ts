/**
 * Text in columns.
 *
 * @module
 */

/**
 * Lines up cells in columns that are as wide as their widest cell.
 *
 * @param rows The cells, as many in each row.
 * @returns A line a row.
 */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}
