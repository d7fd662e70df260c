import { HttpFault } from "./http-fault.js";

/** Bounds of a request's JSON. */
export interface JsonBodyLimits {
  /** Longer bodies get 413; 1 MiB by default. */
  readonly maxBytes?: number;
  /** Arrays, objects and their members in all, which cost more memory than the bytes that spell them; 1 000 000 by default. */
  readonly maxValues?: number;
  /** Levels of arrays and objects, 100 by default. */
  readonly maxDepth?: number;
}

/**
 * Reads a request's JSON. What it may build is bounded before it is built: bytes while they come, values and levels before they are parsed.
 *
 * @throws HttpFault with 413, 415 or 400.
 */
export async function readJsonBody(
  request: Request,
  { maxBytes = 2 ** 20, maxValues = 1e6, maxDepth = 100 }: JsonBodyLimits = {},
): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? ""))
    throw new HttpFault(415, "the body must be application/json");
  const text = await readText(request, maxBytes);
  checkSize(text, maxValues, maxDepth);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HttpFault(400, `the body is not JSON: ${(error as Error).message.slice(0, 200)}`, { code: "invalid_json" });
  }
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLong = new HttpFault(413, `the body is longer than ${maxBytes} bytes`, { code: "body_too_large" });
  const { headers } = request;
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLong;
  const chunks: Uint8Array[] = [];
  let size = 0;
  // no more comes than is said; a stream would cost several times as much as the bytes
  if (headers.has("content-length") && !headers.has("transfer-encoding")) {
    chunks.push(new Uint8Array(await request.arrayBuffer()));
    if (chunks[0]!.byteLength > maxBytes) throw tooLong;
  } else if (request.body !== null) {
    const reader = request.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > maxBytes) {
        void reader.cancel().catch(() => {});
        throw tooLong;
      }
      chunks.push(part.value);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new HttpFault(400, "the body is not UTF-8", { code: "invalid_json" });
  }
}

/** Counts brackets, commas and levels outside strings; the text need not be JSON. */
function checkSize(text: string, maxValues: number, maxDepth: number): void {
  let [values, depth, isString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (isString) {
      if (character === BACKSLASH) i++;
      else if (character === QUOTE) isString = false;
    } else if (character === QUOTE) isString = true;
    else if (character === COMMA) values++;
    else if (character === OPEN_ARRAY || character === OPEN_OBJECT) {
      values++;
      if (++depth > maxDepth) throw new HttpFault(400, `the body has more than ${maxDepth} levels`, { code: "invalid_json" });
    } else if (character === CLOSE_ARRAY || character === CLOSE_OBJECT) depth--;
    if (values > maxValues) throw new HttpFault(413, `the body has more than ${maxValues} values`, { code: "body_too_large" });
  }
}

const [QUOTE, COMMA, OPEN_ARRAY, BACKSLASH, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d];
