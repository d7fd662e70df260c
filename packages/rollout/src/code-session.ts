import type { CodeRunner, CodeSession } from "./code-runner.js";
import type { Tool, ToolSession } from "./tool.js";

/**
 * The code interpreter of one rollout. Its world is opened by the first call, so a rollout without calls costs nothing, and calls
 * run one after the other in the order they were made, whatever else the sandbox is doing.
 */
export function codeSession(open: () => Promise<CodeSession>, interpreterOn: (runner: CodeRunner) => Tool): ToolSession {
  let opened: Promise<CodeSession> | undefined;
  const interpreter = interpreterOn({
    run: async (code, options) => {
      opened ??= open();
      return (await opened).run(code, options);
    },
  });
  let last: Promise<unknown> = Promise.resolve();
  return {
    call(input, context) {
      const outcome = last.then(() => interpreter.call(input, context));
      last = outcome;
      return outcome;
    },
    async close() {
      await last;
      if (opened !== undefined) await (await opened).close();
    },
  };
}
