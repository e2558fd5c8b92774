import { displayWidth, fitWidth } from "./display-width.ts";
import { safeLine } from "./safe-text.ts";

/** A column of a table over rows of type `Row`. */
export interface Column<Row> {
  readonly title: string;
  /** What the row shows here. Control characters are made harmless by the table. */
  readonly text: (row: Row) => string;
  /** Colours a padded cell; it must not change its width. Left out: plain. */
  readonly paint?: (cell: string, row: Row) => string;
}

/** How a table is laid out. */
export interface TableOptions {
  /** Columns of the terminal: the last column is cut to fit. Undefined: nothing is cut. */
  readonly columnsMax?: number | undefined;
  /** Widths to start from, such as those of an earlier table that this one continues. */
  readonly widths?: readonly number[];
  /** Colours the titles. */
  readonly paintTitle?: (title: string) => string;
}

/** Between two columns. */
const gap = "  ";

/** The least that is left of a last column that is cut, so that it still says something. */
const lastColumnMin = 16;

/** How wide each column has to be for its title and these rows. */
export function columnWidths<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly number[] {
  return columns.map((column) =>
    Math.max(
      displayWidth(column.title),
      ...rows.map((row) => displayWidth(safeLine(column.text(row)))),
    ),
  );
}

/** The lines of a table, the titles first. An empty cell shows as `-`. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions = {},
): readonly string[] {
  const paintTitle = options.paintTitle ?? ((title: string): string => title);
  const titles: readonly Column<undefined>[] = columns.map(({ title }) => ({
    title,
    text: (): string => title,
    paint: paintTitle,
  }));
  const widths = options.widths ?? columnWidths(columns, rows);
  const { columnsMax } = options;
  return [
    rowLine(titles, undefined, { widths, columnsMax }),
    ...rows.map((row) => rowLine(columns, row, { widths, columnsMax })),
  ];
}

/** One line of a table whose widths are known. */
export function rowLine<Row>(
  columns: readonly Column<Row>[],
  row: Row,
  layout: { readonly widths: readonly number[]; readonly columnsMax?: number | undefined },
): string {
  const last = columns.length - 1;
  let used = 0;
  const cells = columns.map((column, index) => {
    const width = layout.widths[index] ?? 0;
    const text = safeLine(column.text(row)) || "-";
    const paint = column.paint ?? ((cell: string): string => cell);
    if (index < last) {
      used += Math.max(width, displayWidth(text)) + gap.length;
      return paint(text + " ".repeat(Math.max(0, width - displayWidth(text))), row);
    }
    if (layout.columnsMax === undefined) return paint(text, row);
    return paint(fitWidth(text, Math.max(lastColumnMin, layout.columnsMax - used)), row);
  });
  return cells.join(gap);
}
