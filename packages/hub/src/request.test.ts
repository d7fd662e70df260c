import { afterEach, expect, test, vi } from "vitest";
import { Passing, request, retrying, type Connection } from "./request.js";

const waits = vi.hoisted((): number[] => []);
vi.mock("node:timers/promises", () => ({ setTimeout: async (ms: number) => void waits.push(ms) }));
afterEach(() => vi.unstubAllGlobals());

const CONNECTION: Connection = { token: undefined, retries: 6, retryDelayMs: 1_000, signal: undefined };

test("the wait doubles, up to half a minute", async () => {
  const fail = () => Promise.reject(new Passing("busy"));
  await expect(retrying(fail, "owner/name", CONNECTION)).rejects.toThrow(/^owner\/name: busy\. /);
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
});

test.each([
  [403, "GatedRepo", "a gated repository. To mend it: ask for access on its page"],
  [404, "EntryNotFound", "no such file"],
  [404, "RevisionNotFound", "no such revision"],
  [404, "Other", "no such repository (status 404)"],
  [410, "", "status 410. To mend it: check owner, name and revision"],
])("status %i with code %j", async (status, code, message) => {
  vi.stubGlobal("fetch", async () => new Response(null, { status, headers: { "x-error-code": code } }));
  const place = { repo: "owner/name", type: "model", revision: "main" } as const;
  await expect(request("http://hub/x", place, CONNECTION)).rejects.toThrow(message);
});
