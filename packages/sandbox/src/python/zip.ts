import { unzipSync } from "fflate";

/** A fault of an archive. */
export class ZipProblem extends Error {}

/** Bytes that an archive may unpack to. */
const MAX_BYTES = 2 ** 28;

/** Unpacks a zip archive, or what is wanted of it, into files by path; throws {@link ZipProblem}. What they hold is for the caller to check. */
export function readZip(bytes: Uint8Array, wanted: (path: string) => boolean = () => true): ReadonlyMap<string, Buffer> {
  let total = 0;
  const admit = ({ name, originalSize }: { readonly name: string; readonly originalSize: number }): boolean => {
    if (/^(?:\/|[A-Za-z]:)|\\|\0|(?:^|\/)\.\.(?:\/|$)/.test(name))
      throw new ZipProblem(`a file that leaves the archive: ${JSON.stringify(name)}`);
    if (!wanted(name)) return false;
    total += originalSize;
    if (total > MAX_BYTES) throw new ZipProblem(`more than ${MAX_BYTES} bytes when unpacked`);
    return true;
  };
  try {
    const files = Object.entries(unzipSync(bytes, { filter: admit }));
    return new Map(files.map(([path, content]) => [path, Buffer.from(content.buffer, content.byteOffset, content.length)]));
  } catch (error) {
    if (error instanceof ZipProblem) throw error;
    throw new ZipProblem(`no zip archive, or a damaged one (${error instanceof Error ? error.message : String(error)})`);
  }
}
