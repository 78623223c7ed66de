/**
 * Aligns text in columns.
 *
 * @module
 */

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
