import type { ChatEndpoint } from "../data-build/chat-endpoint.js";
import type { CliContext } from "../shell/cli-context.js";
import { callsWithContext, CHECKPOINT_PHASE, type PurposeOf } from "@retool-ts/report";
import { openRunFolder, readTrajectories } from "@retool-ts/runs";
import { PurposeLabels } from "./purpose-labels.js";

/** Model that names the purposes. */
export interface LabelModel extends Pick<ChatEndpoint, "url" | "apiKey" | "apiKeyEnv"> {
  readonly model: string;
}

/** Has a language model name what the code of a run's evaluations is for; labels are kept in `purposes.jsonl` of its folder. */
export async function labelRun(path: string, { model, ...address }: LabelModel, { reporter, signal }: CliContext): Promise<PurposeOf> {
  const run = await openRunFolder(path);
  const labels = new PurposeLabels(run.file("purposes.jsonl"), model);
  const endpoint = { ...address, timeoutMs: 60_000, retries: 3, retryDelayMs: 500, signal };
  const files = await run.trajectoryFiles();
  const bar = reporter.progress("label code", files.length);
  for (const [index, file] of files.entries()) {
    const records = (await readTrajectories(file)).filter(({ phase }) => phase !== "train" && phase !== CHECKPOINT_PHASE);
    await labels.label(records.flatMap(callsWithContext), endpoint);
    bar.update(index + 1);
  }
  bar.done();
  return (call) => labels.purposeOf(call);
}
