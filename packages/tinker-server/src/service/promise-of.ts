import { createHash } from "node:crypto";
import { HttpFault } from "@retool-ts/http";
import type { RequestRecord } from "../state/future-files.js";
import type { Plan } from "./context.js";
import type { RawBody } from "./plan-request.js";

/** Names a body: the same request has the same. */
export function hashOf({ contentType, bytes }: RawBody): string {
  return createHash("sha256").update(contentType).update(bytes).digest("hex");
}

/** What a client gets at once. */
export function promiseOf({ id, model }: RequestRecord, { handle }: Plan): Readonly<Record<string, unknown>> {
  return {
    type: "future",
    request_id: id,
    future_id: id,
    status: "pending",
    ...(model !== undefined && { model_id: model }),
    ...handle?.(id),
  };
}

/** A number that stands for another request. */
export function used(seq: number): HttpFault {
  return new HttpFault(409, `seq_id ${seq} was used by another request; the result of that one stands`, {
    code: "conflict",
    param: "seq_id",
  });
}

/** A client's name that stands for another request. */
export function conflict(key: string): HttpFault {
  return new HttpFault(409, `${key} names another request already`, { code: "conflict" });
}
