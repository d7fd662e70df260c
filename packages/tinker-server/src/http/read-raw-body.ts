import { HttpFault, readJsonBody } from "@retool-ts/http";
import { JSON_TYPE, PROTOBUF } from "@retool-ts/tinker/wire";
import type { RawBody } from "../service/plan-request.js";

/** Bounds of a body. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** Numbers, arrays and objects of one that is JSON. */
  readonly maxValues: number;
}

/**
 * A request's body, JSON or protobuf, bounded while it comes.
 *
 * @throws HttpFault with 413 or 415.
 */
export async function readRawBody(request: Request, { maxBytes, maxValues }: BodyLimits): Promise<RawBody> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity")
    throw new HttpFault(415, `Content-Encoding ${encoding.slice(0, 40)} is not taken here`, { code: "unsupported_media_type" });
  const contentType = request.headers.get("content-type") ?? JSON_TYPE;
  if (contentType.startsWith(PROTOBUF)) return { contentType: PROTOBUF, bytes: await readBytes(request, maxBytes) };
  const value = await readJsonBody(request, { maxBytes, maxValues });
  return { contentType: JSON_TYPE, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLong = new HttpFault(413, `the body is longer than ${maxBytes} bytes`, { code: "body_too_large" });
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLong;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLong;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
