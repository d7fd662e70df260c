import { RetoolError } from "@retool-ts/core";
import { z } from "zod";
import type { RemoteFile, RepoListing, RepoPlace } from "./hub.js";
import { checkDigest, checkInside } from "./names.js";
import { request, retrying, type Connection } from "./request.js";

const Info = z.object({
  sha: z.string(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().nullish(),
      blobId: z.string(),
      lfs: z.object({ sha256: z.string(), size: z.number() }).nullish(),
    }),
  ),
});

/**
 * The files of a repository on Hugging Face or a mirror, with the hashes that the server knows.
 *
 * @throws InputError when there is no such repository or revision, it may not be read, or the list holds names that leave its folder.
 */
export async function listHuggingFace(endpoint: string, place: RepoPlace, connection: Connection): Promise<RepoListing> {
  const { repo, type, revision } = place;
  const url = `${endpoint}/api/${type}s/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const body = await retrying(
    async () => (await request(url, place, connection)).json() as Promise<unknown>,
    `${repo}@${revision}`,
    connection,
  );
  const info = Info.safeParse(body);
  if (!info.success) throw new RetoolError("HUB", `${url}: the answer is no list of files (${info.error.issues[0]!.path.join(".")})`);
  const { sha: commit, siblings } = info.data;
  checkDigest(commit, repo);
  const folder = `${endpoint}/${type === "dataset" ? "datasets/" : ""}${repo}/resolve/${commit}`;
  const files = siblings.map(({ rfilename: path, size, blobId, lfs }): RemoteFile => {
    checkInside(path, repo);
    const digest = lfs?.sha256 ?? blobId;
    checkDigest(digest, `${repo}: ${path}`);
    return {
      path,
      url: `${folder}/${path.split("/").map(encodeURIComponent).join("/")}`,
      size: lfs?.size ?? size ?? undefined,
      checksum: { kind: lfs ? "sha256" : "git-sha1", digest },
    };
  });
  return { commit, files };
}
