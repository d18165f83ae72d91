/** A cell of a table: numbers as they are, texts as somebody may have written them. */
export type CsvCell = string | number | boolean | null | undefined;

export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly CsvCell[])[];
}

/** A text that a spreadsheet would take for a formula (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r]/;

/**
 * A table as CSV (RFC 4180): comma, CRLF, a line of column names, quotes where they are needed. A text that a
 * spreadsheet would run gets an apostrophe before it.
 */
export function csvText({ columns, rows }: CsvTable): string {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(cell: CsvCell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = formula.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table of objects, by the names of their members. */
export function csvOf<T extends object>(columns: readonly (keyof T & string)[], rows: readonly T[]): CsvTable {
  return { columns, rows: rows.map((row) => columns.map((column) => row[column] as CsvCell)) };
}
