/** Plain aligned columns under a ruled heading. Columns of numbers stand on the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  const isNumeric = Array.from({ length: columns }, (_, column) =>
    rows.slice(1).every((row) => /^([-+]?[\d.,]+( ?%)?|[–-]|NaN|)( ± [\d.]+)?$/.test(row[column] ?? "")),
  );
  const lines = rows.map((row) =>
    widths
      .map((size, column) => {
        const cell = row[column] ?? "";
        const padding = " ".repeat(size - width(cell));
        return isNumeric[column] ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((size) => "─".repeat(size)).join("  ");
  return [lines[0] ?? "", rule, ...lines.slice(1)].map((line) => `  ${line}`).join("\n");
}

function width(text: string): number {
  return Array.from(text).length;
}
