import { crc32, inflateRawSync } from "node:zlib";

/** What is wrong with an archive. */
export class ZipProblem extends Error {}

/** A file of an archive. */
export interface ZipEntry {
  readonly path: string;
  /** Unpacks it and checks its length and sum. */
  read(): Buffer;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** Bytes that an archive may unpack to. */
const MAX_BYTES = 2 ** 28;

/** Lists the files of a zip archive (APPNOTE 6.3, without zip64 and encryption); throws {@link ZipProblem}. */
export function readZip(bytes: Buffer): ZipEntry[] {
  const end = endOf(bytes);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  let total = 0;
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== CENTRAL) throw new ZipProblem("a damaged list of files");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const path = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    if (/^(?:\/|[A-Za-z]:)|\\|\0|(?:^|\/)\.\.(?:\/|$)/.test(path))
      throw new ZipProblem(`a file that leaves the archive: ${JSON.stringify(path)}`);
    total += bytes.readUInt32LE(at + 24);
    if (total > MAX_BYTES) throw new ZipProblem(`more than ${MAX_BYTES} bytes when unpacked`);
    const header = at;
    entries.push({ path, read: () => unpack(bytes, header, path) });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function endOf(bytes: Buffer): number {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (bytes.readUInt32LE(at) === END) return at;
  }
  throw new ZipProblem("no zip archive, or one that was cut off");
}

function unpack(bytes: Buffer, header: number, path: string): Buffer {
  const [method, flags] = [bytes.readUInt16LE(header + 10), bytes.readUInt16LE(header + 8)];
  const [sum, packed, length, local] = [16, 20, 24, 42].map((offset) => bytes.readUInt32LE(header + offset)) as [
    number,
    number,
    number,
    number,
  ];
  if ((flags & 1) !== 0) throw new ZipProblem(`${path} is encrypted`);
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL) throw new ZipProblem(`${path} is damaged`);
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const raw = bytes.subarray(start, start + packed);
  const content = method === 0 ? raw : method === 8 ? inflated(raw, length, path) : undefined;
  if (content === undefined) throw new ZipProblem(`${path} is packed by an unknown method`);
  if (content.length !== length || crc32(content) !== sum) throw new ZipProblem(`${path} is damaged`);
  return content;
}

function inflated(raw: Buffer, length: number, path: string): Buffer {
  try {
    return inflateRawSync(raw, { maxOutputLength: Math.max(1, length) });
  } catch {
    throw new ZipProblem(`${path} is damaged`);
  }
}
