/** Lines of an unruled block are indented by so many spaces. */
const INDENT = 2;

/**
 * Plain aligned columns under a ruled heading. Columns of numbers stand on the right. Where that is wider than the terminal, each row
 * becomes a block of its own, with one line per column.
 *
 * @param width - columns of the terminal; a pipe has no end
 */
export function formatTable(rows: readonly (readonly string[])[], width = process.stdout.columns ?? Infinity): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => lengthOf(row[column] ?? ""))));
  const needed = INDENT + widths.reduce((sum, size) => sum + size, 0) + 2 * (columns - 1);
  return needed > width && columns > 1 ? stacked(rows, width) : aligned(rows, widths);
}

function aligned(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const isNumeric = widths.map((_, column) =>
    rows.slice(1).every((row) => /^([-+]?[\d.,]+( ?%)?|[–-]|NaN|)( ± [\d.]+)?$/.test(row[column] ?? "")),
  );
  const lines = rows.map((row) =>
    widths
      .map((size, column) => {
        const cell = row[column] ?? "";
        const padding = " ".repeat(size - lengthOf(cell));
        return isNumeric[column] ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((size) => "─".repeat(size)).join("  ");
  return [lines[0] ?? "", rule, ...lines.slice(1)].map((line) => `${" ".repeat(INDENT)}${line}`).join("\n");
}

/** Rows as blocks: the first cell as heading, then the name of each column with its cell. */
function stacked([heading = [], ...rows]: readonly (readonly string[])[], width: number): string {
  const names = heading.slice(1);
  const nameWidth = Math.max(...names.map(lengthOf));
  const space = " ".repeat(INDENT);
  const blocks = rows.map(([title = "", ...cells]) => [
    ...wrapped([heading[0] ?? "", title].filter((part) => part !== "").join(": "), width - INDENT).map((line) => space + line),
    ...names.flatMap((name, index) => {
      const label = `${space}${space}${name}${" ".repeat(nameWidth - lengthOf(name))}  `;
      return wrapped(cells[index] ?? "", width - lengthOf(label)).map(
        (line, row) => (row === 0 ? label : " ".repeat(lengthOf(label))) + line,
      );
    }),
  ]);
  return blocks.map((lines) => lines.map((line) => line.trimEnd()).join("\n")).join("\n\n");
}

/** Text in lines of a width, broken at blanks where there are some. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = Array.from(text);
  while (rest.length > Math.max(1, width)) {
    const blank = rest.lastIndexOf(" ", width);
    const end = blank > 0 ? blank : Math.max(1, width);
    lines.push(rest.slice(0, end).join(""));
    rest = rest.slice(blank > 0 ? end + 1 : end);
  }
  return [...lines, rest.join("")];
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
