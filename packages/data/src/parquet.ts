import { InputError } from "@retool-ts/core";
import type { AsyncBuffer } from "hyparquet";
import type { DatasetRow } from "./columns.js";

/**
 * Reads a Parquet file row group by row group; works in a browser.
 *
 * 64-bit integers become numbers, or text beyond 2⁵³; missing lists and structs become null, as missing texts are.
 *
 * @param file - a blob or an open file, by byte ranges.
 * @param name - names the file in messages.
 * @throws InputError when it is no Parquet file.
 */
export async function* parquetRows(file: AsyncBuffer, name: string): AsyncGenerator<DatasetRow> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const metadata = await orRefuse(name, () => parquetMetadataAsync(file));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const start = rowStart;
    const rows = await orRefuse(name, () => parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd }));
    for (const [index, row] of rows.entries()) {
      yield { value: normalizeRow(row), where: `${name}: row ${rowStart + index + 1}` };
    }
    rowStart = rowEnd;
  }
}

async function orRefuse<T>(name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new InputError(
      {
        what: "dataset",
        where: name,
        expected: "a Parquet file",
        found: cause instanceof Error ? cause.message : String(cause),
        fix: "download or write the file again",
      },
      { cause },
    );
  }
}

function normalizeRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, normalize(value)]));
}

function normalize(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(normalize);
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? normalizeRow(value as Record<string, unknown>) : value;
}
