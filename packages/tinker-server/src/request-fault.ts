import { HttpFault } from "@retool-ts/http";

/** A request that is refused for what it says: 400, and nothing has been done. */
export function refused(where: string, expected: string, found: string): HttpFault {
  return new HttpFault(400, `${where}: expected ${expected}, found ${found}`, { param: where, code: "invalid_request" });
}

/** Nothing has this name: 404. */
export function unknown(what: string, name: string): HttpFault {
  return new HttpFault(404, `${what} ${name} is not known here: it never was, or has ended`, { code: "not_found" });
}
