import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Packs a wheel with the given files and a true record of them. */
export function wheelOf(name: string, files: Files, purelib = true): Buffer {
  const info = `${name}-1.0.dist-info`;
  const all: Record<string, string | Uint8Array> = {
    ...files,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nRoot-Is-Purelib: ${purelib}\nTag: py3-none-any\n`,
  };
  const record = Object.entries(all).map(
    ([path, text]) => `${path},sha256=${createHash("sha256").update(text).digest("base64url")},${text.length}`,
  );
  return zipOf({ ...all, [`${info}/RECORD`]: `${record.join("\n")}\n${info}/RECORD,,\n` });
}

/** A zip archive of deflated files. */
export function zipOf(files: Files): Buffer {
  const bodies: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [path, text] of Object.entries(files)) {
    const content = Buffer.from(text as Uint8Array);
    const packed = deflateRawSync(content);
    const name = Buffer.from(path);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    bodies.push(Buffer.from("PK\u0003\u0004"), shared, name, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    list.push(Buffer.from("PK\u0001\u0002\u0014\u0000"), shared, tail, name);
    at += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, directory, end]);
}
