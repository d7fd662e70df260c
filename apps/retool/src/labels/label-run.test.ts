import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chatServer, completion, type ChatAnswer, type ChatServer } from "../../test/chat-server.js";
import { exampleRecord } from "../../../../packages/runs/test/example-run.js";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { registerCommands } from "../commands/index.js";
import { createRunFolder, type RunFolder, type TrajectoryRecord } from "@retool-ts/runs";
import { CHECKPOINT_PHASE } from "@retool-ts/report";
import { labelRun, type LabelModel } from "./label-run.js";

let folder: string;
let run: RunFolder;
let server: ChatServer;
let judge: LabelModel;
let reply: (user: string) => ChatAnswer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-label-run-"));
  run = await createRunFolder(join(folder, "run"));
  reply = (user) => completion(user.includes("Code:\n6 * 7") ? "geometry" : "simulation");
  server = await chatServer(({ body }) => reply(body.messages[1]!.content));
  judge = { url: server.url, model: "judge", apiKeyEnv: "OPENAI_API_KEY" };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true });
});

/** A rollout whose one call has this code, after this text. */
function withCode(phase: string, code: string, context: string): TrajectoryRecord {
  const [usual] = exampleRecord().toolCalls;
  return exampleRecord({
    phase,
    segments: [{ kind: "model", text: `${context}<code>${code}</code>`, tokens: 5 }],
    toolCalls: [{ ...usual!, input: code }],
  });
}

const asked = () => server.seen.map(({ body }) => body.messages[1]!.content).sort();

describe("labelRun", () => {
  test("asks about the code of evaluations, with the text before it, each piece once", async () => {
    await run.writeTrajectories("cold-start", [withCode("coldStart", "6 * 7", "First."), withCode("coldStart", "1 + 1", "Next.")]);
    await run.writeTrajectories("final", [withCode("final", "6 * 7", "First."), withCode("final", "6 * 7", "Again.")]);
    await run.writeTrajectories(20, [withCode("train", "2 + 2", "Training.")]);
    await run.writeTrajectories("checkpoints", [withCode(CHECKPOINT_PHASE, "3 + 3", "To be read.")]);
    const purposeOf = await labelRun(run.path, judge, quietShell());
    expect(asked()).toEqual(
      [["Again.", "6 * 7"], ["First.", "6 * 7"], ["Next.", "1 + 1"]].map(([text, code]) => `Text before the code:\n${text}\n\nCode:\n${code}`), // prettier-ignore
    );
    expect(purposeOf({ code: "6 * 7", context: "First." })).toBe("geometry");
    expect(purposeOf({ code: "1 + 1", context: "Next." })).toBe("simulation");
    expect(purposeOf({ code: "2 + 2", context: "Training." })).toBeUndefined();
    await labelRun(run.path, judge, quietShell());
    expect(server.seen).toHaveLength(3);
    expect((await readFile(run.file("purposes.jsonl"), "utf8")).trim().split("\n")).toHaveLength(3);
  });

  test("an answer that cannot be had ends with the server's words", async () => {
    await run.writeTrajectories("final", [withCode("final", "6 * 7", "")]);
    reply = () => ({ status: 401, body: "no such key" });
    await expect(labelRun(run.path, judge, quietShell())).rejects.toThrow(/status 401: .*no such key/);
  });
});

describe("retool report --label-endpoint", () => {
  const report = async (...words: readonly string[]) => {
    const shell = quietShell();
    await createProgram(shell, { quiet: true }, registerCommands).parseAsync(
      ["report", run.path, "--label-endpoint", server.url, ...words],
      {
        from: "user",
      },
    );
    return JSON.parse(shell.printed[0]!) as unknown;
  };

  test("the labels take the place of the rules in the figures, except for training; the key comes from the environment", async () => {
    vi.stubEnv("OPENAI_API_KEY", "secret");
    await run.writeTrajectories("final", [withCode("final", "6 * 7", "")]);
    await run.writeTrajectories(20, [withCode("train", "6 * 7 + 1", "")]);
    expect(await report("--label-model", "judge", "--json")).toMatchObject({
      steps: [
        { phase: "train", purposes: { calculation: 1 } },
        { phase: "final", purposes: { geometry: 1 } },
      ],
    });
    expect(server.seen).toMatchObject([{ body: { model: "judge" }, headers: { authorization: "Bearer secret" } }]);
  });

  test("without a model's name nothing is asked", async () => {
    await run.writeTrajectories("final", [withCode("final", "6 * 7", "")]);
    await expect(report("--json")).rejects.toMatchObject({ message: expect.stringContaining("--label-model") });
    expect(server.seen).toEqual([]);
  });
});
