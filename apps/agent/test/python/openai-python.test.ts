import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { call, scriptedServer } from "../../../../packages/serve/test/scripted-model.js";

const run = promisify(execFile);
/** A Python that has the openai package; `node scripts/python-tests.mjs` makes one. */
const python = process.env["RETOOL_OPENAI_PYTHON"];
const title = `the openai client of Python${python === undefined ? " (skipped: RETOOL_OPENAI_PYTHON names no Python that has it)" : ""}`;

/** Text after the last user's or tool's turn began. */
const lastOf = (prompt: string): string => prompt.slice(prompt.lastIndexOf("<|im_start|>", prompt.length - 25));

test.skipIf(python === undefined)(
  title,
  async () => {
    const words = "word ".repeat(2_000);
    const { server, sampler } = await scriptedServer(
      (prompt) => {
        const last = lastOf(prompt);
        if (last.includes("user\ncalls")) return `${call("lookup", { key: "b" })}\n${call("lookup", { key: "ü" })}`;
        return last.includes("user\nlong") ? words : "Hello wörld!";
      },
      { token: "key" },
    );
    try {
      const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
      const { stdout } = await run(python!, [join(import.meta.dirname, "drive_openai.py"), `${server.url}/v1`, rollout.baseURL]);
      const { sdk, ...seen } = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
      expect(sdk).toMatch(/^\d+\./);
      expect(seen).toEqual({
      models: ["scripted"],
      plain: ["Hello wörld!", "stop", true],
      streamed: "Hello wörld!",
      streamedUsage: true,
      parallel: ["tool_calls", [["lookup", { key: "b" }], ["lookup", { key: "ü" }]]],
      parallelStreamed: [{ key: "b" }, { key: "ü" }],
      refusedParallel: 1,
      n: 3,
      logprobs: ["Hello w\ufffd\ufffdrld!", true], // a letter of two tokens
      aborted: true,
      errors: {
        field: ["BadRequestError", 400, "invalid_value", "temperature"],
        unsupported: ["BadRequestError", 400, "unsupported_parameter", "frequency_penalty"],
        alternatives: ["BadRequestError", 400, "unsupported_value", "top_logprobs"],
        context: ["BadRequestError", 400, "context_length_exceeded", "messages"],
        contextStreamed: ["BadRequestError", 400, "context_length_exceeded", "messages"],
        key: ["AuthenticationError", 401, "invalid_api_key", null],
        model: ["NotFoundError", 404, "model_not_found", "model"],
        call: ["UnprocessableEntityError", 422, "tool_call_failed", "tool_choice"],
      },
      turns: 3,
    }); // prettier-ignore
      await expect.poll(() => server.engine.pool.stats.active, { timeout: 60_000 }).toBe(0);
      expect(sampler.decoded.filter(({ turn }) => turn.finish === "aborted")).toHaveLength(1);
      // the rollout holds what was sampled in it, in one piece
      const [trajectory, ...others] = rollout.trajectories();
      expect(others).toEqual([]);
      expect(rollout.stats).toMatchObject({ requests: 3, branches: 0, editedTurns: 0, unkeptTurns: 0 });
      const own = [...trajectory!.tokenIds].filter((_, t) => trajectory!.lossMask[t] === 1);
      expect(own).toEqual(sampler.decoded.slice(-3).flatMap(({ turn }) => turn.tokenIds));
    } finally {
      await server.close(0);
    }
  },
  120_000,
);
