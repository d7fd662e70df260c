import type { FileHandle } from "node:fs/promises";
import { InputError } from "@retool-ts/core";
import { checkFinite } from "./check-finite.js";
import { readInto } from "./file-ranges.js";

/** Floats of a tensor that are read and converted at a time; more only where a row is longer. */
const PIECE_FLOATS = 2 ** 19;

/** Place of a tensor in a file, in blocks of `blockSize` numbers and `blockBytes` bytes. Rows are whole blocks. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly blockSize: number;
  readonly blockBytes: number;
}

/**
 * Takes a part of a tensor over, whole rows where it has rows.
 *
 * @param piece - valid until this returns
 * @param place - of its first number among those of the tensor
 */
export type TakePiece = (piece: Float32Array, place: number) => void;

/**
 * Reads tensors of a file in pieces, all through the same memory: what is dropped instead stays until the garbage collector has run, which
 * for a small model is as much as the model. One tensor at a time.
 */
export class PieceReader {
  readonly #handle: FileHandle;
  readonly #path: string;
  #bytes = new Uint8Array();
  #floats = new Float32Array();

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /**
   * @param name - of the tensor, for messages
   * @param decode - turns stored bytes into floats, in memory that it is given or where they lie
   * @throws InputError when the file ends before the tensor, or holds what is no number.
   */
  async read(
    name: string,
    tensor: StoredTensor,
    decode: (bytes: Uint8Array, floats: Float32Array) => Float32Array,
    take: TakePiece,
  ): Promise<void> {
    const { shape, start, end, blockSize, blockBytes } = tensor;
    const row = shape.length < 2 ? blockSize : shape.at(-1)!;
    const step = Math.max(1, Math.floor(PIECE_FLOATS / row)) * row;
    const size = ((end - start) / blockBytes) * blockSize;
    for (let place = 0; place < size; place += step) {
      const count = Math.min(step, size - place);
      const [byte, wanted] = [start + (place / blockSize) * blockBytes, (count / blockSize) * blockBytes];
      if (this.#bytes.length < wanted) this.#bytes = new Uint8Array(wanted);
      if (this.#floats.length < count) this.#floats = new Float32Array(count);
      const bytes = this.#bytes.subarray(0, wanted);
      const found = await readInto(this.#handle, byte, bytes);
      if (found < wanted) throw cutShort(this.#path, `${wanted} bytes from byte ${byte} on`, `${found} bytes`);
      const floats = decode(bytes, this.#floats.subarray(0, count));
      checkFinite(floats, place, `${this.#path}: tensor ${name}`);
      take(floats, place);
    }
  }
}

function cutShort(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "checkpoint", where, expected, found, fix: "leave the file as it is while it is read" });
}
