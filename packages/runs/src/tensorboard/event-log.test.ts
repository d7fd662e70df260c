import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.js";
import { EventLog } from "./event-log.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-events-"))));
afterAll(() => rm(folder, { recursive: true }));

test.each([
  // RFC 3720, appendix B.4.
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(0xff), 0x62a8ab43],
  [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
])("CRC-32C of a published vector", (bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
  expect(maskedCrc32c(bytes)).not.toBe(expected);
});

/** The log of test/fixtures/tfevents.py. */
async function writeExample(name: string, upTo = 3): Promise<{ readonly log: EventLog; readonly bytes: () => Promise<Buffer> }> {
  const path = await mkdtemp(join(folder, `${name}-`));
  let clock = 1_700_000_000;
  const log = new EventLog(path, () => clock++);
  for (let step = 1; step <= upTo; step++) await log.append(record(step));
  const file = async () =>
    join(
      path,
      (await readdir(path)).find((entry) => entry.startsWith("events.out.tfevents."))!,
    );
  return { log, bytes: async () => readFile(await file()) };
}

const record = (step: number) => ({
  phase: "rl",
  step: step * 1_000,
  "reward/mean": step / 4 - 1,
  "größe/ü": step,
  "policy/entropy": step === 2 ? Number.NaN : 0.5,
  nothing: null,
});

test("the bytes are those that TensorBoard's own reader and TensorFlow's protocol buffers agreed with", async () => {
  const { bytes } = await writeExample("fixture");
  const fixture = await readFile(new URL("../../test/fixtures/events.hex", import.meta.url), "utf8");
  expect((await bytes()).toString("hex")).toBe(fixture.trim());
});

describe("a resumed run", () => {
  test("loses the steps past its checkpoint and goes on in the same file", async () => {
    const two = await writeExample("two", 2);
    const { log, bytes } = await writeExample("cut");
    log.truncateAfter(2_000);
    expect((await bytes()).equals(await two.bytes())).toBe(true);
    await log.append(record(3));
    expect((await bytes()).length).toBeGreaterThan((await two.bytes()).length);
  });

  test.each([1, 13, 60])("an event that lacks its last %d bytes is cut off", async (missing) => {
    const { log, bytes } = await writeExample("torn", 2);
    const before = await bytes();
    const more = await writeExample("more", 3);
    const whole = await more.bytes();
    const path = join(
      folder,
      (await readdir(folder)).find((name) => name.startsWith("torn-"))!,
    );
    const file = join(path, (await readdir(path))[0]!);
    await appendFile(file, whole.subarray(before.length, whole.length - missing));
    log.truncateAfter(9_000);
    expect((await bytes()).equals(before)).toBe(true);
    await rm(path, { recursive: true });
  });

  test("a flipped bit ends the file before it", async () => {
    const { log, bytes } = await writeExample("flipped", 1);
    const before = await bytes();
    await log.append(record(2));
    const path = join(
      folder,
      (await readdir(folder)).find((name) => name.startsWith("flipped-"))!,
    );
    const file = join(path, (await readdir(path))[0]!);
    const damaged = await readFile(file);
    damaged[before.length + 30]! ^= 1;
    await writeFile(file, damaged);
    log.truncateAfter(9_000);
    expect((await bytes()).equals(before)).toBe(true);
  });

  test("a run that has logged nothing has nothing to cut", () => {
    expect(() => new EventLog(join(folder, "absent")).truncateAfter(0)).not.toThrow();
  });
});
