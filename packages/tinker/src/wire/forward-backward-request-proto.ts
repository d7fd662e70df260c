import type { Datum, ForwardBackwardRequest, LossConfig } from "./forward-backward.js";
import { allBytes, bytesOf, integersOf, numberOf, readFields, textOf } from "./proto-reader.js";
import { ProtoWriter } from "./proto-writer.js";
import { type DType, DTYPES, tensorBytes, type TensorData, tensorNumbers } from "./tensor-data.js";
import { WireError } from "./wire-error.js";

const EMPTY = new Uint8Array();

/** Bytes of a `forward_backward` body. A tensor without a type is `float32`; settings that are text need a server of the newer field. */
export function encodeForwardBackwardRequest(request: ForwardBackwardRequest): Uint8Array {
  const { data, loss_fn, loss_fn_config } = request.forward_backward_input;
  const writer = new ProtoWriter().string(1, request.model_id).int(2, request.seq_id ?? 0);
  for (const datum of data) writer.message(3, (inner) => writeDatum(inner, datum));
  writer.string(4, loss_fn);
  const settings = Object.entries(loss_fn_config ?? {});
  for (const [name, value] of settings) {
    if (typeof value === "number") writer.message(5, (entry) => void entry.string(1, name).double(2, value));
  }
  writer.int(6, request.forward_only === true ? 1 : 0);
  if (settings.some(([, value]) => typeof value === "string")) {
    for (const [name, value] of settings) {
      writer.message(7, (entry) => {
        entry.string(1, name).message(2, (inner) => void (typeof value === "number" ? inner.double(1, value) : inner.string(2, value)));
      });
    }
  }
  return writer.bytes();
}

function writeDatum(writer: ProtoWriter, { model_input, loss_fn_inputs }: Datum): void {
  for (const { tokens } of model_input.chunks) {
    writer.message(1, (chunk) => void chunk.message(1, (inner) => void inner.blob(1, tensorBytes(tokens, "int32"))));
  }
  for (const [name, tensor] of Object.entries(loss_fn_inputs)) {
    writer.message(2, (entry) => void entry.string(1, name).message(2, (inner) => writeTensor(inner, tensor)));
  }
}

function writeTensor(writer: ProtoWriter, tensor: TensorData): void {
  const dtype = tensor.dtype ?? "float32";
  const { sparse_crow_indices: rows, sparse_col_indices: columns } = tensor;
  if (rows && columns) {
    writer.message(2, (sparse) => {
      sparse.blob(1, tensorBytes(tensor.data, dtype)).blob(2, tensorBytes(rows, "int64")).blob(3, tensorBytes(columns, "int64"));
    });
  } else writer.blob(1, tensorBytes(tensor.data, dtype));
  writer.int(3, DTYPES.indexOf(dtype)).packed(4, tensor.shape ?? [tensor.data.length]);
}

/** Reads what {@link encodeForwardBackwardRequest} and the SDKs of Python write. */
export function decodeForwardBackwardRequest(bytes: Uint8Array): ForwardBackwardRequest & { readonly seq_id: number } {
  const fields = readFields(bytes);
  const config = readConfig(fields);
  return {
    model_id: textOf(fields, 1),
    seq_id: numberOf(fields, 2),
    forward_only: numberOf(fields, 6) !== 0,
    forward_backward_input: { data: allBytes(fields, 3).map(readDatum), loss_fn: textOf(fields, 4), loss_fn_config: config },
  };
}

function readConfig(fields: ReturnType<typeof readFields>): LossConfig | null {
  const settings: [string, number | string][] = [];
  for (const entry of allBytes(fields, 5).map(readFields)) settings.push([textOf(entry, 1), numberOf(entry, 2)]);
  // The newer field repeats the older one's numbers, and has text beside them.
  for (const entry of allBytes(fields, 7).map(readFields)) {
    const value = readFields(bytesOf(entry, 2) ?? EMPTY);
    settings.push([textOf(entry, 1), bytesOf(value, 2) === undefined ? numberOf(value, 1) : textOf(value, 2)]);
  }
  return settings.length === 0 ? null : ownEntries(settings);
}

function readDatum(bytes: Uint8Array): Datum {
  const fields = readFields(bytes);
  const inputs = allBytes(fields, 2).map((entry): [string, TensorData] => {
    const parts = readFields(entry);
    return [textOf(parts, 1), readTensor(bytesOf(parts, 2) ?? EMPTY)];
  });
  return { model_input: { chunks: allBytes(fields, 1).map(readChunk) }, loss_fn_inputs: ownEntries(inputs) };
}

function readChunk(bytes: Uint8Array): Datum["model_input"]["chunks"][number] {
  const text = bytesOf(readFields(bytes), 1);
  if (text === undefined) throw new WireError("a chunk is no text: images and other inputs are not supported");
  return { type: "encoded_text", tokens: tensorNumbers(bytesOf(readFields(text), 1) ?? EMPTY, "int32") };
}

function readTensor(bytes: Uint8Array): TensorData {
  const fields = readFields(bytes);
  const dtype = dtypeOf(numberOf(fields, 3));
  const shape = integersOf(fields, 4);
  const sparse = bytesOf(fields, 2);
  if (sparse === undefined) return { data: tensorNumbers(bytesOf(fields, 1) ?? EMPTY, dtype), dtype, shape };
  const parts = readFields(sparse);
  return {
    data: tensorNumbers(bytesOf(parts, 1) ?? EMPTY, dtype),
    dtype,
    shape,
    sparse_crow_indices: tensorNumbers(bytesOf(parts, 2) ?? EMPTY, "int64"),
    sparse_col_indices: tensorNumbers(bytesOf(parts, 3) ?? EMPTY, "int64"),
  };
}

/** The type of a number in protobuf. */
export function dtypeOf(index: number): DType {
  const dtype = DTYPES[index];
  if (dtype === undefined) throw new WireError(`a tensor has the unknown type ${index}`);
  return dtype;
}

/** An object of names that came over the wire: `__proto__` is a key like any other. */
export function ownEntries<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(entries);
}
