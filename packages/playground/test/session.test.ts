import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSandbox } from "@retool-ts/sandbox";
import { expect, test } from "vitest";
import { MODEL_FILES } from "../src/session/open-policy.js";
import { SANDBOX_LIMITS } from "../src/session/environment.js";
import { Session } from "../src/session/session.js";
import { DEFAULT_SETTINGS } from "../src/settings.js";

test("x", async () => {
  const folder = join(import.meta.dirname, "../model");
  const files = Object.fromEntries(await Promise.all(MODEL_FILES.map(async (name) => [name, await readFile(join(folder, name))] as const)));
  await using sandbox = await createSandbox({ seed: 1, limits: SANDBOX_LIMITS });
  const session = await Session.open(files, sandbox);
  const t = performance.now();
  console.log(await session.measure(DEFAULT_SETTINGS), performance.now() - t);
  await session.train(
    { ...DEFAULT_SETTINGS, steps: 30 },
    { onMeasure: (m) => console.log(m), onStep: async ({ rollouts, ...r }) => console.log(JSON.stringify(r)) },
    new AbortController().signal,
  );
  console.log(
    await session.answer({ text: "what is 7324 times 909 plus 52640", answer: "6710156" }, DEFAULT_SETTINGS, (k, t) =>
      console.log(k, JSON.stringify(t)),
    ),
  );
  session.dispose();
});
