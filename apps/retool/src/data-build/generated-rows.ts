import { RandomStream } from "@retool-ts/core";
import {
  createTaskSource,
  finishTrace,
  mixtures,
  pickTraceKind,
  planTrace,
  traceText,
  type MixtureName,
  type TraceFormat,
} from "@retool-ts/data";
import type { Sandbox } from "@retool-ts/sandbox";

/** Options of {@link generatedRows}. */
export interface GeneratedRowsOptions {
  readonly tasks: number;
  readonly mixture: MixtureName;
  readonly seed: number;
  readonly sandbox: Pick<Sandbox, "runBatch">;
  readonly signal: AbortSignal;
  readonly onRow: (done: number) => void;
}

/** A generated problem with a response whose interpreter texts are real. */
export interface GeneratedRow {
  readonly question: string;
  readonly response: string;
}

/** A generated trace that did not do what its kind promises. */
export interface RefusedRow {
  readonly question: string;
  readonly detail: string;
}

/** Tasks whose code runs together. */
const CHUNK = 256;

const FORMAT: TraceFormat = {
  codeOpen: "<code>\n```javascript\n",
  codeClose: "\n```\n</code>",
  resultOpen: "\n<interpreter>\n",
  resultClose: "\n</interpreter>\n\n",
  answerOpen: "<answer>\n\\boxed{",
  answerClose: "}\n</answer>",
};

/** Cold-start rows without a model: generated problems with planned traces, whose code is run. A pure function of the options. */
export async function generatedRows(options: GeneratedRowsOptions): Promise<{ kept: GeneratedRow[]; refused: RefusedRow[] }> {
  const { tasks, mixture, seed, sandbox, signal, onRow } = options;
  const source = createTaskSource({ seed, split: "train" });
  const kept: GeneratedRow[] = [];
  const refused: RefusedRow[] = [];
  for (let start = 0; start < tasks; start += CHUNK) {
    const plans = Array.from({ length: Math.min(CHUNK, tasks - start) }, (_, i) => {
      const stream = new RandomStream(seed, ["data-build", start + i]);
      return planTrace(source.problem(start + i), pickTraceKind(mixtures[mixture], stream), stream);
    });
    const results = await sandbox.runBatch(
      plans.flatMap(({ calls }) => calls.map(({ code }) => code)),
      { signal },
    );
    signal.throwIfAborted();
    let used = 0;
    for (const plan of plans) {
      const feedbacks = results.slice(used, used + plan.calls.length).map(({ feedback, status }) => ({ feedback, ok: status === "ok" }));
      used += plan.calls.length;
      const { question } = plan.problem;
      const result = finishTrace(plan, feedbacks, FORMAT);
      if (result.status === "ok") kept.push({ question, response: traceText(result.trace.segments) });
      else refused.push({ question, detail: result.reason });
    }
    onRow(start + plans.length);
  }
  return { kept, refused };
}
