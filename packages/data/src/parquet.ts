import { InputError } from "@retool-ts/core";
import type { AsyncBuffer } from "hyparquet";
import type { DatasetRow } from "./columns.js";

/**
 * Reads a Parquet file row group by row group; works in a browser.
 *
 * 64-bit integers become numbers, or text beyond 2⁵³; missing columns become null. A struct loses its fields without a value: all rows
 * of a file share the fields of their structs, so that a call's arguments would have those of every other call, with null.
 *
 * @param file - a blob or an open file, by byte ranges.
 * @param name - names the file in messages.
 * @throws InputError when it is no Parquet file.
 */
export async function* parquetRows(file: AsyncBuffer, name: string): AsyncGenerator<DatasetRow> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const metadata = await orRefuse(name, () => parquetMetadataAsync(file));
  const isJson = new Set(metadata.schema.filter(({ converted_type }) => converted_type === "JSON").map((element) => element.name));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const start = rowStart;
    const rows = await orRefuse(name, () => parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd }));
    for (const [index, row] of rows.entries()) {
      const kept: string[] = [];
      const value = normalizeRow(row, isJson, kept);
      yield { value, where: `${name}: row ${rowStart + index + 1}`, ...(kept.length > 0 && { kept }) };
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

/**
 * @param isJson - columns of JSON, in which null is a value.
 * @param kept - gets the digits of integers that stay as text.
 */
function normalizeRow(row: Readonly<Record<string, unknown>>, isJson: ReadonlySet<string>, kept: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, normalize(value, isJson.has(name), kept)]));
}

function normalize(value: unknown, keepsNull: boolean, kept: string[]): unknown {
  if (value === undefined) return null;
  if (typeof value === "bigint") {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    kept.push(String(value));
    return String(value);
  }
  if (Array.isArray(value)) return value.map((item) => normalize(item, keepsNull, kept));
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return value;
  const fields = Object.entries(value).filter(([, inner]) => keepsNull || (inner !== undefined && inner !== null));
  return Object.fromEntries(fields.map(([name, inner]) => [name, normalize(inner, keepsNull, kept)]));
}
