import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Contents of a mock hub, and its misbehaviour. */
export interface HubContents {
  /** Bytes by path; those named in `large` are on a second server, behind a redirect. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly large?: readonly string[];
  /** Cuts the connection after so many bytes of each answer of the second server. */
  cutAfter?: number;
  /** Sends these bytes in place of the file's. */
  readonly wrongBytes?: Readonly<Record<string, Buffer>>;
  /** Answers that go before all others, one a request; undefined lets one through. */
  readonly trouble?: (number | undefined)[];
  /** Asked of every request for the list. */
  readonly token?: string;
  /** Names that the list gives besides. */
  readonly extraNames?: readonly string[];
  /** The hash of those; default: a well-formed one. */
  readonly extraDigest?: string;
  /** Default: {@link COMMIT}. */
  readonly commit?: string;
  /** Text in the place of lists, such as a page to log in to a network. */
  readonly page?: string;
  /** The second server sends the whole file whatever range was asked for. */
  readonly ignoresRanges?: boolean;
  /** The second server answers a range with the whole file, and says so. */
  readonly answersFromZero?: boolean;
}

export interface SeenRequest {
  readonly server: "hub" | "files";
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** A hub on this machine, as Hugging Face and ModelScope answer. */
export interface HubServer {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

export async function hubServer(contents: HubContents): Promise<HubServer> {
  const seen: SeenRequest[] = [];
  const files = await listen((request, response) => {
    seen.push(seenOf("files", request));
    sendBytes(contents, decodeURIComponent(request.url!.slice(1)), request, response);
  });
  const hub = await listen((request, response) => {
    seen.push(seenOf("hub", request));
    answer(contents, files.address, request, response);
  });
  return {
    endpoint: hub.address,
    seen,
    close: async () => {
      await Promise.all([hub.close(), files.close()]);
    },
  };
}

function answer(contents: HubContents, filesAddress: string, request: IncomingMessage, response: ServerResponse): void {
  const trouble = contents.trouble?.shift();
  if (trouble !== undefined) return void response.writeHead(trouble).end();
  const url = new URL(request.url!, "http://hub");
  if (contents.token !== undefined && request.headers.authorization !== `Bearer ${contents.token}`)
    return void response.writeHead(401).end();
  if (contents.page !== undefined && url.pathname.startsWith("/api/")) return void response.writeHead(200).end(contents.page);
  const revision = /^\/api\/(?:models|datasets)\/owner\/name\/revision\/([^/]+)$/.exec(url.pathname)?.[1];
  if (revision !== undefined && ["main", COMMIT, "refs%2Fpr%2F1"].includes(revision)) return json(response, listing(contents));
  if (revision !== undefined) return void response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
  if (/^\/api\/v1\/(models|datasets)\/owner\/name\/repo\/(files|tree)$/.test(url.pathname))
    return json(response, modelScopeListing(contents));
  const scopePath = url.pathname.endsWith("/owner/name/repo") ? url.searchParams.get("FilePath") : null;
  const path =
    scopePath ?? decodeURIComponent(new RegExp(`^(?:/datasets)?/owner/name/resolve/${COMMIT}/(.+)$`).exec(url.pathname)?.[1] ?? "");
  if (contents.files[path] === undefined) return void response.writeHead(404).end();
  if (contents.large?.includes(path))
    return void response.writeHead(302, { location: `${filesAddress}/${encodeURIComponent(path)}` }).end();
  sendBytes({ ...contents, cutAfter: Infinity }, path, request, response);
}

function listing({ files, large = [], extraNames = [], extraDigest = "a".repeat(40), commit = COMMIT }: HubContents): object {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
    rfilename,
    blobId: gitSha1(bytes),
    ...(large.includes(rfilename) ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 } } : { size: bytes.length }),
  }));
  const extra = extraNames.map((rfilename) => ({ rfilename, size: 1, blobId: extraDigest }));
  return { id: "owner/name", sha: commit, siblings: [...siblings, ...extra] };
}

function modelScopeListing({ files, extraNames = [], extraDigest = "a".repeat(64) }: HubContents): object {
  const entries = Object.entries(files).map(([Path, bytes]) => ({ Path, Type: "blob", Size: bytes.length, Sha256: sha256(bytes) }));
  const extra = extraNames.map((Path) => ({ Path, Type: "blob", Size: 1, Sha256: extraDigest }));
  return { Code: 200, Data: { Files: [{ Path: "sub", Type: "tree", Size: 0, Sha256: "" }, ...entries, ...extra] } };
}

function sendBytes(contents: HubContents, path: string, request: IncomingMessage, response: ServerResponse): void {
  const bytes = contents.wrongBytes?.[path] ?? contents.files[path]!;
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const start = contents.ignoresRanges || contents.answersFromZero ? 0 : asked;
  if (start >= bytes.length && start > 0) return void response.writeHead(416).end();
  const rest = bytes.subarray(start);
  const inPart = start > 0 || (asked > 0 && contents.answersFromZero === true);
  response.writeHead(inPart ? 206 : 200, {
    "content-length": rest.length,
    ...(inPart ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  const { cutAfter = Infinity } = contents;
  if (rest.length <= cutAfter) return void response.end(rest);
  response.write(rest.subarray(0, cutAfter), () => setTimeout(() => request.socket.destroy(), 20));
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function gitSha1(bytes: Buffer): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function seenOf(server: SeenRequest["server"], { url, headers }: IncomingMessage): SeenRequest {
  return { server, url: url!, range: headers.range, authorization: headers.authorization };
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
