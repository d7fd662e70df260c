import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalCall, TurnPlace } from "@retool-ts/rollout";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { FileJournal } from "./file-journal.js";

let folder: string;
let path: string;
let notices: string[];
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-journal-"))));
beforeEach(async ({ task }) => {
  path = join(folder, task.id, "journal.jsonl");
  notices = [];
});
afterAll(() => rm(folder, { recursive: true }));

const key = { problemId: "a problem with a\nbreak", sampleIndex: 3 };
const place: TurnPlace = { turn: 0, position: 12, digest: 4_294_967_295 };
const call: JournalCall = { callIndex: 0, tool: "t", input: '{"code":"1"}', outcome: { text: "é\n", status: "ok", fuel: 2 } };
const logProbs = [-0.1, -1 / 3, -20].map(Math.fround);

function open(identity = "w") {
  return FileJournal.open(path, identity, (text) => notices.push(text));
}

/** A journal with a turn, in two parts, and a call. */
function write(): void {
  const journal = open();
  journal.addTokens(key, place, 0, { tokenIds: [1, 151_935], logProbs: logProbs.slice(0, 2) });
  journal.addTokens(key, place, 2, { tokenIds: [7], logProbs: logProbs.slice(2), end: { finish: "stop", stopString: "</code>" } });
  journal.addOutcome(key, call);
  journal.close();
}

const WHOLE = { ...place, tokenIds: [1, 151_935, 7], logProbs, end: { finish: "stop", stopString: "</code>" } };

test("gives back, in another process, what it was given", () => {
  write();
  const journal = open();
  expect(journal.turn(key, 0)).toEqual(WHOLE);
  expect(journal.turn(key, 1)).toBeUndefined();
  expect(journal.turn({ ...key, sampleIndex: 2 }, 0)).toBeUndefined();
  expect(journal.outcome(key, call, { pure: false })).toEqual(call.outcome);
  expect(journal.outcome({ ...key, sampleIndex: 2 }, call, { pure: false })).toBeUndefined();
  expect(journal.outcome({ ...key, sampleIndex: 2 }, call, { pure: true })).toEqual(call.outcome);
  expect(journal.outcome(key, { ...call, input: "{}" }, { pure: true })).toBeUndefined();
  expect(notices).toEqual([`going on with 1 rollouts in ${path}`]);
  journal.close();
});

test("a line that a crash left incomplete is dropped without a word, and what comes later follows whole lines", async () => {
  write();
  const whole = await readFile(path);
  for (const cut of [1, 20]) {
    await writeFile(path, whole.subarray(0, -cut));
    const journal = open();
    expect(journal.turn(key, 0)).toEqual(WHOLE);
    expect(journal.outcome(key, call, { pure: true })).toBeUndefined();
    journal.addOutcome(key, call);
    journal.close();
    expect((await readFile(path)).equals(whole)).toBe(true);
  }
  expect(notices.some((notice) => notice.includes("damaged"))).toBe(false);
});

test("a damaged line, and what follows, is not used, with a notice", async () => {
  write();
  const lines = (await readFile(path, "utf8")).split("\n");
  const damages = [lines[2]!.replace("from", "form"), lines[2]!.slice(0, -1), "", "00000000 ", "\u0000".repeat(50)];
  for (const damage of damages) {
    await writeFile(path, [lines[0], lines[1], damage, ...lines.slice(3)].join("\n"));
    notices = [];
    const journal = open();
    expect(journal.turn(key, 0)).toEqual({ ...place, tokenIds: [1, 151_935], logProbs: logProbs.slice(0, 2) });
    expect(journal.outcome(key, call, { pure: true })).toBeUndefined();
    expect(notices[0]).toBe(`${path} is damaged at byte ${lines[0]!.length + lines[1]!.length + 2}: what follows is sampled anew`);
    journal.close();
  }
});

test.each([
  ["no journal at all", "hello\nworld\n"],
  ["a journal without its head", "tail"],
  ["nothing", ""],
])("%s is begun anew", async (_, text) => {
  write();
  const content = await readFile(path, "utf8");
  await writeFile(path, text === "tail" ? content.slice(content.indexOf("\n") + 1) : text);
  const journal = open();
  expect(journal.turn(key, 0)).toBeUndefined();
  journal.close();
  expect(await readFile(path, "utf8")).toBe(`${content.split("\n")[0]}\n`);
  expect(notices).toEqual(text === "" ? [] : [`${path} is damaged at byte 0: what follows is sampled anew`]);
});

test("one of other weights or settings is begun anew, with a notice", async () => {
  write();
  const journal = open("other");
  expect(journal.turn(key, 0)).toBeUndefined();
  journal.close();
  expect(notices).toEqual([`${path} is of other weights or settings: its rollouts are sampled anew`]);
  await appendFile(path, "x"); // and the new one is whole
  open("other").close();
  expect(notices).toHaveLength(1);
});
