import { expect, test } from "vitest";
import { codeInterpreter } from "./code-interpreter.js";
import type { CodeSession } from "./code-runner.js";
import type { ToolContext } from "./tool.js";

const context: ToolContext = { problemId: "p", sampleIndex: 0, callIndex: 0 };
const outcome = (feedback: string) => ({ status: "ok" as const, feedback, usage: { fuel: 1 } });

/** Sessions that append what they run; `slow` code ends a moment later than what follows it. */
function fakeSandbox(open?: () => Promise<CodeSession>) {
  const log: string[] = [];
  let count = 0;
  const openSession = async (): Promise<CodeSession> => {
    const id = ++count;
    log.push(`open ${id}`);
    return {
      async run(code) {
        if (code === "slow") await new Promise((resolve) => setTimeout(resolve, 20));
        log.push(`${id}: ${code}`);
        return outcome(code);
      },
      async close() {
        log.push(`close ${id}`);
      },
    };
  };
  return { log, run: async (code: string) => outcome(code), open: open ?? openSession };
}

test("calls of one session run in their order, sessions apart", async () => {
  const sandbox = fakeSandbox();
  const tool = codeInterpreter(sandbox, { stateful: true });
  const [a, b] = [tool.begin!(context), tool.begin!({ ...context, sampleIndex: 1 })];
  const calls = [a.call({ code: "slow" }, context), a.call({ source: "2" }, context), a.call({ code: "3" }, context)];
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(["ok", "error", "ok"]);
  await b.call({ code: "4" }, context);
  await Promise.all([a.close(), b.close()]);
  expect(sandbox.log).toEqual(["open 1", "1: slow", "1: 3", "open 2", "2: 4", "close 1", "close 2"]);
});

test("without a call no world is opened; closing waits for a call that runs", async () => {
  const sandbox = fakeSandbox();
  const tool = codeInterpreter(sandbox, { stateful: true });
  await tool.begin!(context).close();
  expect(sandbox.log).toEqual([]);
  const session = tool.begin!(context);
  void session.call({ code: "slow" }, context);
  await session.close();
  expect(sandbox.log).toEqual(["open 1", "1: slow", "close 1"]);
});

test("a world that cannot be opened is infra", async () => {
  const tool = codeInterpreter(
    fakeSandbox(() => Promise.reject(new Error("no worker"))),
    { stateful: true },
  );
  const session = tool.begin!(context);
  expect(await session.call({ code: "1" }, context)).toEqual({ text: "code_interpreter is unavailable", status: "infra" });
  await expect(session.close()).rejects.toThrow("no worker");
});

test("a sandbox without sessions cannot be stateful", () => {
  expect(() => codeInterpreter({ run: async () => outcome("") } as never, { stateful: true })).toThrow("open()");
  expect(codeInterpreter({ run: async () => outcome("") }).begin).toBeUndefined();
});
