import { RetoolError } from "@retool-ts/core";
import type { z } from "zod";
import type { RepoPlace } from "./hub.js";
import { causeOf, Passing, request, retrying, type Connection } from "./request.js";

/**
 * A hub's list of a repository's files, as its API gives it.
 *
 * @throws InputError when there is no such repository or revision, or it may not be read; RetoolError for an answer of another form.
 */
export async function requestList<T>(url: string, schema: z.ZodType<T>, place: RepoPlace, connection: Connection): Promise<T> {
  const body = await retrying(() => requestJson(url, place, connection), `${place.repo}@${place.revision}`, connection);
  const list = schema.safeParse(body);
  if (list.success) return list.data;
  throw new RetoolError("HUB", `${url}: the answer is no list of files (${list.error.issues[0]!.path.join(".")})`);
}

/** A connection that breaks within the answer, and a page of a proxy in its place, may both pass. */
async function requestJson(url: string, place: RepoPlace, connection: Connection): Promise<unknown> {
  const response = await request(url, place, connection);
  try {
    return await response.json();
  } catch (error) {
    connection.signal?.throwIfAborted();
    throw new Passing(`the answer is no JSON (${causeOf(error).slice(0, 100)})`, { cause: error });
  }
}
