import type { ForwardBackwardOutput } from "./forward-backward.js";
import { dtypeOf, ownEntries } from "./forward-backward-request-proto.js";
import { allBytes, bytesOf, integersOf, numberOf, readFields, textOf } from "./proto-reader.js";
import { ProtoWriter } from "./proto-writer.js";
import { DTYPES, tensorBytes, type TensorData, tensorNumbers } from "./tensor-data.js";
import { WireError } from "./wire-error.js";

const EMPTY = new Uint8Array();
type Outputs = ForwardBackwardOutput["loss_fn_outputs"];

/** Bytes of the result of `forward_backward`: tensors of one name are joined over the datums, and offsets say where each begins. */
export function encodeForwardBackwardOutput({ loss_fn_output_type, loss_fn_outputs, metrics }: ForwardBackwardOutput): Uint8Array {
  const writer = new ProtoWriter().string(1, loss_fn_output_type);
  if (loss_fn_outputs.length > 0) writer.message(2, (record) => writeRecord(record, loss_fn_outputs));
  for (const [name, value] of Object.entries(metrics ?? {})) writer.message(3, (entry) => void entry.string(1, name).double(2, value));
  return writer.bytes();
}

function writeRecord(writer: ProtoWriter, outputs: Outputs): void {
  for (const name of new Set(outputs.flatMap((output) => Object.keys(output)))) {
    const tensors = outputs.map((output) => output[name]);
    const dtype = tensors.find((tensor) => tensor !== undefined)?.dtype ?? "float32";
    const parts = tensors.map((tensor) => tensorBytes(tensor?.data ?? [], dtype));
    const offsets = [0];
    for (const part of parts) offsets.push(offsets.at(-1)! + part.length);
    const joined = new Uint8Array(offsets.at(-1)!);
    parts.forEach((part, i) => joined.set(part, offsets[i]!));
    // Tensors of more axes share all but the first.
    const trailing = tensors.find((tensor) => tensor?.shape && tensor.shape.length > 1)?.shape?.slice(1) ?? [];
    writer.message(2, (entry) => {
      entry.string(1, name).message(2, (batched) => {
        batched.blob(1, joined).blob(2, tensorBytes(offsets, "int64")).int(3, DTYPES.indexOf(dtype)).packed(4, trailing);
      });
    });
  }
  writer.int(3, outputs.length);
}

/** Reads what {@link encodeForwardBackwardOutput} and servers write. */
export function decodeForwardBackwardOutput(
  bytes: Uint8Array,
): ForwardBackwardOutput & { readonly metrics: Readonly<Record<string, number>> } {
  const fields = readFields(bytes);
  const metrics = allBytes(fields, 3).map((entry): [string, number] => {
    const parts = readFields(entry);
    return [textOf(parts, 1), numberOf(parts, 2)];
  });
  return { loss_fn_output_type: textOf(fields, 1), loss_fn_outputs: allBytes(fields, 2).flatMap(readRecord), metrics: ownEntries(metrics) };
}

function readRecord(bytes: Uint8Array): Record<string, TensorData>[] {
  const fields = readFields(bytes);
  const count = numberOf(fields, 3);
  const columns = allBytes(fields, 2).map((entry): readonly [string, TensorData[]] => {
    const parts = readFields(entry);
    return [textOf(parts, 1), readBatch(bytesOf(parts, 2) ?? EMPTY, count)];
  });
  // Every column has been found to be `count` long, so that a false count cannot ask for memory; without columns there is nothing to count.
  if (columns.length === 0 && count > 0) throw new WireError(`a record of ${count} datums has no tensors`);
  return Array.from({ length: count }, (_, i) => Object.fromEntries(columns.map(([name, tensors]) => [name, tensors[i]!])));
}

function readBatch(bytes: Uint8Array, count: number): TensorData[] {
  const fields = readFields(bytes);
  const dtype = dtypeOf(numberOf(fields, 3));
  const data = bytesOf(fields, 1) ?? EMPTY;
  const offsets = tensorNumbers(bytesOf(fields, 2) ?? EMPTY, "int64");
  const trailing = integersOf(fields, 4);
  const width = trailing.reduce((product, size) => product * size, 1);
  if (offsets.length !== count + 1) throw new WireError(`a record of ${count} datums has ${offsets.length} offsets, not ${count + 1}`);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [offsets[i]!, offsets[i + 1]!];
    if (start < 0 || end < start || end > data.length)
      throw new WireError(`datum ${i} stands at ${start} to ${end} of ${data.length} bytes`);
    const values = tensorNumbers(data.subarray(start, end), dtype);
    return { data: values, dtype, shape: trailing.length === 0 ? [values.length] : [values.length / width, ...trailing] };
  });
}
