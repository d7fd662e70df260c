import { z } from "zod";
import type { RemoteFile, RepoListing, RepoPlace } from "./hub.js";
import { checkDigest, checkInside } from "./names.js";
import type { Connection } from "./request.js";
import { requestList } from "./request-list.js";

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
  const { sha: commit, siblings } = await requestList(url, Info, place, connection);
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
