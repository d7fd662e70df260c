import { InputError } from "@retool-ts/core";
import type { FileHandle } from "node:fs/promises";
import { openAs, readRange } from "../checkpoint/file-ranges.js";
import { PieceReader, type TakePiece } from "../checkpoint/piece-reader.js";
import { malformedGguf, NeedsMoreBytes, type GgufValue } from "./gguf-cursor.js";
import { parseGgufHeader, type GgufHeader } from "./gguf-header.js";

const FIRST_READ = 2 ** 22;
const MAX_HEADER_BYTES = 2 ** 26;

/** A GGUF file on disk; tensors are read one at a time. Holds a file handle until it is closed. */
export class GgufFile {
  readonly path: string;
  readonly header: GgufHeader;
  readonly #handle: FileHandle;
  readonly #pieces: PieceReader;

  private constructor(path: string, header: GgufHeader, handle: FileHandle) {
    this.path = path;
    this.header = header;
    this.#handle = handle;
    this.#pieces = new PieceReader(handle, path);
  }

  /** @throws InputError when the file is missing or malformed, or has tensors of a type that cannot be read. */
  static async open(path: string): Promise<GgufFile> {
    return openAs(path, async (handle, size) => {
      for (let bytes = FIRST_READ; bytes <= MAX_HEADER_BYTES; bytes *= 4) {
        try {
          return new GgufFile(path, parseGgufHeader(await readRange(handle, 0, Math.min(bytes, size)), size, path), handle);
        } catch (error) {
          if (!(error instanceof NeedsMoreBytes)) throw error;
        }
      }
      throw malformedGguf(path, `a header of at most ${MAX_HEADER_BYTES} bytes`, "a longer one");
    });
  }

  /**
   * One tensor as 32-bit floats.
   *
   * @throws InputError when it is missing or has another shape.
   */
  async read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    await this.readPieces(name, shape, (piece, place) => values.set(piece, place));
    return values;
  }

  /** {@link GgufFile.read} piece by piece, through memory that is used again. One tensor at a time. */
  async readPieces(name: string, shape: readonly number[], take: TakePiece): Promise<void> {
    const tensor = this.header.tensors.get(name);
    const found = tensor === undefined ? "no such tensor" : `shape [${tensor.shape.join(", ")}]`;
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      const problem = { what: "GGUF file", where: `${this.path}: tensor ${name}`, expected: `shape [${shape.join(", ")}]`, found };
      throw new InputError({ ...problem, fix: "use the file of a whole model, whose metadata and tensors agree" });
    }
    const { type } = tensor;
    const decode = (bytes: Uint8Array, floats: Float32Array) => {
      type.dequantize(bytes, floats.length, floats, 0);
      return floats;
    };
    await this.#pieces.read(name, { ...tensor, blockSize: type.blockSize, blockBytes: type.blockBytes }, decode, take);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * The metadata of a GGUF file: the model's shape, its tokenizer and its chat template, by name.
 *
 * @throws InputError when the file is missing or malformed.
 */
export async function readGgufMetadata(path: string): Promise<ReadonlyMap<string, GgufValue>> {
  const file = await GgufFile.open(path);
  await file.close();
  return file.header.metadata;
}
