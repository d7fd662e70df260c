import { RetoolError } from "@retool-ts/core";
import type { z } from "zod";
import type { RepoPlace } from "./hub.js";
import { request, retrying, type Connection } from "./request.js";

/**
 * A hub's list of a repository's files, as its API gives it.
 *
 * @throws InputError when there is no such repository or revision, or it may not be read; RetoolError for an answer of another form.
 */
export async function requestList<T>(url: string, schema: z.ZodType<T>, place: RepoPlace, connection: Connection): Promise<T> {
  const body = await retrying(
    async () => (await request(url, place, connection)).json() as Promise<unknown>,
    `${place.repo}@${place.revision}`,
    connection,
  );
  const list = schema.safeParse(body);
  if (list.success) return list.data;
  throw new RetoolError("HUB", `${url}: the answer is no list of files (${list.error.issues[0]!.path.join(".")})`);
}
