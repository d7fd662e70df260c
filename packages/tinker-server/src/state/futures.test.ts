import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FutureFiles, type RequestRecord } from "./future-files.js";
import { Futures } from "./futures.js";
import { failed } from "./outcome.js";

let folder: string;
let time: number;
const needed = new Set<string>();
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "futures-"));
  time = 1000;
  needed.clear();
});
afterEach(() => rm(folder, { recursive: true }));

async function open() {
  const files = new FutureFiles(folder);
  const kept = await files.read();
  return { kept, futures: new Futures({ files, keepMs: 300, abandonMs: 5000, now: () => time, isNeeded: ({ id }) => needed.has(id) }) };
}

const record = (id: string, more: Partial<RequestRecord> = {}): RequestRecord => ({
  id, route: "asample", order: 1, session: "s", hash: "h", contentType: "application/json", ...more,
}); // prettier-ignore
const done = { kind: "json", body: { type: "optim_step" } } as const;

test("whoever asks waits for the outcome, and may ask again", async () => {
  const { futures } = await open();
  await futures.add(record("1"), new Uint8Array([1]));
  const asked = [futures.wait("1", 60_000, never), futures.wait("1", 60_000, never)];
  await futures.settle("1", done);
  await futures.settle("1", failed("late")); // the first one stands
  expect(await Promise.all(asked)).toEqual([done, done]);
  expect(await futures.wait("1", 0, never)).toEqual(done);
  expect(await futures.wait("2", 0, never)).toBeUndefined();
});

test("time that is up, and a client that goes away, end the wait and not the request", async () => {
  const { futures } = await open();
  await futures.add(record("1"), new Uint8Array());
  expect(await futures.wait("1", 1, never)).toBe("pending");
  const gone = new AbortController();
  const asked = futures.wait("1", 60_000, gone.signal);
  gone.abort();
  expect(await asked).toBe("pending");
  expect([futures.pending, futures.outstanding("s"), futures.outstanding("other")]).toEqual([1, 1, 0]);
});

test("an outcome is kept until it was delivered, and a while longer", async () => {
  const { futures } = await open();
  await futures.add(record("1", { key: "k" }), new Uint8Array());
  futures.delivered("1"); // nothing is there yet
  await futures.settle("1", done);
  time += 1_000_000;
  await futures.sweep();
  expect(await futures.wait("1", 0, never)).toEqual(done);
  futures.delivered("1");
  expect(futures.outstanding("s")).toBe(0);
  time += 299;
  await futures.sweep();
  expect(futures.named("k")?.id).toBe("1");
  time += 1;
  needed.add("1"); // a crash now would need it
  await futures.sweep();
  expect(await futures.wait("1", 0, never)).toEqual(done);
  needed.clear();
  await futures.sweep();
  expect(await futures.wait("1", 0, never)).toBeUndefined();
  expect(futures.named("k")).toBeUndefined();
  expect((await open()).kept).toEqual([]);
});

test("requests and outcomes come back from the disk in the order they were taken", async () => {
  const { futures } = await open();
  await futures.add(record("b", { order: 2, model: "m", seq: 3 }), new TextEncoder().encode("line\nand more"));
  await futures.add(record("a", { order: 1 }), new Uint8Array([0, 255]));
  await futures.settle("b", failed("no"));
  const { kept } = await open();
  expect(kept.map(({ record: { id }, outcome }) => [id, outcome])).toEqual([["a", undefined], ["b", failed("no")]]); // prettier-ignore
  expect(kept.map(({ body }) => [...body])).toEqual([[0, 255], [...new TextEncoder().encode("line\nand more")]]);
  expect(kept[1]!.record).toEqual(record("b", { order: 2, model: "m", seq: 3 }));
});

test("the end of a session fails what waits and lets go of the rest", async () => {
  const { futures } = await open();
  await futures.add(record("1"), new Uint8Array());
  await futures.add(record("2", { session: "t" }), new Uint8Array());
  const signal = futures.signal("1")!;
  await futures.failAll("s", "the session has ended");
  expect(signal.aborted).toBe(true);
  expect(await futures.wait("1", 0, never)).toEqual(failed("the session has ended"));
  expect(futures.pending).toBe(1);
  futures.release("s");
  time += 300;
  await futures.sweep();
  expect(await futures.wait("1", 0, never)).toBeUndefined();
});
