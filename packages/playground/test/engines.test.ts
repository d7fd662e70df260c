import { createSandbox } from "@retool-ts/sandbox";
import { expect, test, vi } from "vitest";
import { WEB_ASSEMBLY, type Compute } from "../src/engine/compute.js";
import type { EngineChoice } from "../src/engine/choose-engine.js";
import type { Measure, StepReport } from "../src/protocol.js";
import { SANDBOX_LIMITS } from "../src/session/environment.js";
import { Session } from "../src/session/session.js";
import { DEFAULT_SETTINGS, type Settings } from "../src/settings.js";
import { readModel } from "./model-files.js";

vi.setConfig({ testTimeout: 300_000 }); // far more than anything here takes, so that no load of the machine decides a test

const SMALL: Settings = { ...DEFAULT_SETTINGS, groupSize: 2, steps: 5, engine: "webgpu" };

/** Something that computes as WebAssembly does and that can be taken away, in place of a graphics card, which Node has none of. */
function takeable(): { readonly compute: Compute; takeAway(reason: string): void } {
  let takeAway: (reason: string) => void = () => {};
  const lost = new Promise<string>((resolve) => (takeAway = resolve));
  return { compute: { name: "webgpu", activate: () => WEB_ASSEMBLY.activate(), lost }, takeAway };
}

async function withSession(use: (session: Session) => Promise<void>): Promise<void> {
  await using sandbox = await createSandbox({ seed: 1, limits: SANDBOX_LIMITS });
  const session = await Session.open(await readModel(), sandbox);
  try {
    await use(session);
  } finally {
    session.dispose();
  }
}

/** Steps and measures of a training, without what depends on time and memory. */
async function trained(session: Session, onStep: (step: number) => unknown = () => {}) {
  const [measures, reports]: [Measure[], StepReport[]] = [[], []];
  const listener = {
    onMeasure: (measure: Measure) => void measures.push(measure),
    async onStep(report: StepReport) {
      reports.push({ ...report, durationMs: 0, tensors: 0, bytes: 0 });
      await onStep(report.step);
    },
  };
  await session.train(SMALL, listener, new AbortController().signal);
  return { measures, reports, weights: await session.policy.engine.weightsDigest() };
}

test("what computes is changed without a trace, and when it goes away training ends with the same weights, from the last step on", async () => {
  let whole: Awaited<ReturnType<typeof trained>> | undefined;
  await withSession(async (session) => void (whole = await trained(session)));
  await withSession(async (session) => {
    const { compute, takeAway } = takeable();
    const choices: EngineChoice[] = [];
    session.onEngine = (choice) => choices.push(choice);
    const choice = await session.chooseEngine(SMALL, async () => compute);
    expect(choice).toMatchObject({ engine: "webgpu", reason: expect.stringMatching(/^The address asks for it\. .* ms\.$/) });
    const { measures, reports, weights } = await trained(session, async (step) => {
      if (step !== 3 || choices.length > 0) return;
      takeAway("the card was pulled");
      await new Promise((resolve) => setTimeout(resolve)); // the training that is given up goes on from here, and must not be heard of again
    });
    expect(choices).toEqual([
      { engine: "wasm", reason: "WebGPU stopped working (the card was pulled). Training went on from its last finished step." },
    ]);
    expect(weights).toBe(whole!.weights);
    // The third step had been told of, and not been kept: it was made again.
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 3, 4, 5]);
    expect([...new Map(reports.map((report) => [report.step, report])).values()]).toEqual(whole!.reports);
    expect(measures).toEqual(whole!.measures);
    expect(session.step).toBe(5);
  });
});

test("an answer, a measure and a download that are under way when it goes away are made again", () =>
  withSession(async (session) => {
    const question = { text: "what is 7324 times 909 plus 52640", answer: "6710156" };
    const [answer, measure] = [await session.answer(question, SMALL), await session.measure(SMALL)];
    for (const work of [
      async () => expect(await session.answer(question, SMALL)).toEqual(answer),
      async () => expect(await session.measure(SMALL)).toEqual(measure),
      async () => expect(Object.keys(await session.files())).toContain("model.safetensors"),
    ]) {
      const { compute, takeAway } = takeable();
      const choices: EngineChoice[] = [];
      session.onEngine = (choice) => choices.push(choice);
      expect((await session.chooseEngine(SMALL, async () => compute)).engine).toBe("webgpu");
      takeAway("lost");
      await work();
      expect(choices.map(({ engine }) => engine)).toEqual(["wasm"]);
    }
  }));

test("one that does not start, that is refused, or that goes away in the trial leaves WebAssembly at work", () =>
  withSession(async (session) => {
    const first = await session.policy.engine.weightsDigest();
    const gone = takeable();
    gone.takeAway("lost at once");
    for (const [open, reason] of [
      [async () => ({ refusal: "this browser has no WebGPU" }), "This browser has no WebGPU."],
      [() => Promise.reject(new Error("Failed to fetch")), "WebGPU failed: Failed to fetch."],
      [async () => gone.compute, "WebGPU failed: lost at once."],
    ] as const) {
      expect(await session.chooseEngine(SMALL, open)).toEqual({ engine: "wasm", reason });
      expect(await session.policy.engine.weightsDigest()).toBe(first);
    }
    expect((await session.chooseEngine({ ...SMALL, engine: "wasm" }, () => Promise.reject(new Error("tried")))).engine).toBe("wasm");
  }));
