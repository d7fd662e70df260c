import { RetoolError } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { withFolderLock } from "@retool-ts/runs";
import { stringify } from "yaml";
import type { RecipeConfig } from "../config/recipe-config.js";
import { phaseSummary } from "../recipe/phases.js";
import { unreadableGolds } from "../setup/gold-notice.js";
import type { CliContext } from "../shell/cli-context.js";
import { EXIT } from "../shell/exit.js";
import { Interrupted } from "../shell/interrupted.js";
import { benchmarkOf } from "./benchmarks.js";
import { describeEvaluation } from "./describe.js";
import { endpointGroups, type EndpointFailures, type EndpointRecord } from "./endpoint-groups.js";
import { describeCost, endpointFigures, type EndpointCost } from "./endpoint-result.js";
import { EvalFolder } from "./eval-folder.js";
import { identityOf } from "./eval-identity.js";
import { withOptions } from "./eval-options.js";
import { evaluationJson } from "./eval-result.js";
import { evaluationOf, evaluationProblems, type EvalOptions } from "./evaluate-checkpoint.js";
import { endpointConfig, knowEndpoint, openEndpoint, type EndpointOptions, type KnownEndpoint } from "./open-endpoint.js";

/** Options of `retool eval --endpoint`; the model is its name there. */
export type EndpointEvalOptions = EvalOptions & EndpointOptions;

/** Evaluates a model behind an OpenAI-compatible server, with its tools run here, as {@link evaluateCheckpoint} does one in this process. */
export async function evaluateEndpoint(options: EndpointEvalOptions, context: CliContext): Promise<void> {
  const benchmark = options.benchmark === undefined ? undefined : benchmarkOf(options.benchmark, options.data);
  const known = await knowEndpoint(options, context.signal);
  const set = [...(benchmark?.settings ?? []), ...options.set];
  const config = withOptions(await endpointConfig({ ...options, set }, known.abilities), options);
  const problems = await evaluationProblems(config, options, benchmark, context);
  const dialect = { ...config.dialect, name: "hermes" } as const; // the address decides it; a server need not be there once all is kept
  const identity = identityOf({ endpoint: options.endpoint, model: options.model }, { ...config, dialect }, problems);
  const kept = options.output === undefined ? undefined : await EvalFolder.open(options.output, identity, config.eval.samples);
  const plan = { config, problems, kept, options, known };
  await (kept === undefined ? run(plan, context) : withFolderLock(kept.run.path, () => run(plan, context)));
}

interface Plan {
  readonly config: RecipeConfig;
  readonly problems: readonly Problem[];
  readonly kept: EvalFolder | undefined;
  readonly options: EndpointEvalOptions;
  readonly known: KnownEndpoint;
}

async function run(plan: Plan, context: CliContext): Promise<void> {
  const { config, problems, kept, options } = plan;
  const { finished, failures, counts } = await sample(plan, context);
  const groups = problems.flatMap(({ id }) => (finished.has(id) ? [finished.get(id)!] : []));
  const missing = problems.length - groups.length;
  if (groups.length === 0) throw noFigures(options.endpoint, failures);
  const cost: EndpointCost = { counts, failures, missing, usage: [...groups.flat().map(({ usage }) => usage), ...failures.usage] };
  const evaluation = evaluationOf(groups, config, { passK: options.passK, majK: options.majK, problems });
  const unreadable = unreadableGolds(problems, config.reward).length;
  const figures = { ...evaluationJson(options.model, evaluation, unreadable), ...endpointFigures(options.endpoint, cost) };
  if (kept !== undefined && missing === 0) {
    await kept.run.writeConfig(stringify(config));
    await kept.finish(groups.flat(), figures);
    await kept.run.writeSummary({
      seed: config.seed,
      backend: `${options.model} at ${options.endpoint}`,
      seconds: performance.now() / 1_000,
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
      model: { parameters: null },
      phases: { eval: phaseSummary(evaluation) },
    });
  }
  const words = [describeEvaluation(evaluation, config), ...describeCost(cost, kept !== undefined)];
  context.print(options.json ? JSON.stringify(figures, null, 2) : words.join("\n\n"));
  if (missing > 0) context.setExitCode(EXIT.failed);
}

const NO_FAILURES: EndpointFailures = { reasons: {}, usage: [], gaveUp: false };
const NO_COUNTS = { requests: 0, retries: 0, cached: 0, failed: 0, withoutUsage: 0 };

/** Rolls out the problems that are not kept yet. */
async function sample({ config, problems, kept, options, known }: Plan, { reporter, signal }: CliContext) {
  const { samples } = config.eval;
  const finished = ((await kept?.finished()) ?? new Map()) as Map<string, EndpointRecord[]>; // this folder holds none but ours
  const open = problems.filter(({ id }) => !finished.has(id));
  if (open.length === 0) return { finished, failures: NO_FAILURES, counts: NO_COUNTS };
  const before = (problems.length - open.length) * samples;
  if (before > 0) reporter.say(`${problems.length - open.length} of ${problems.length} problems were finished before`);
  const endpoint = await openEndpoint(options.model, config, known, { replies: kept?.replies });
  try {
    const bar = reporter.progress("evaluate", problems.length * samples, before);
    const failures = await endpointGroups(open, {
      ...endpoint,
      samples,
      concurrency: options.concurrency,
      onRollout: (done) => bar.update(before + done),
      onGroup(records) {
        kept?.append(records);
        finished.set(records[0]!.problemId, [...records]);
      },
    });
    bar.done();
    return { finished, failures, counts: endpoint.model.counts };
  } catch (error) {
    if (!signal.aborted || kept === undefined) throw error;
    throw new Interrupted("interrupted; replies and finished problems are kept. Go on with the same command", { cause: error });
  } finally {
    await endpoint.world.close();
  }
}

function noFigures(url: string, { reasons }: EndpointFailures): RetoolError {
  const [reason = "no reply"] = Object.keys(reasons);
  return new RetoolError("ENDPOINT", `${url}: no problem got its replies, so that there are no figures. The first failure: ${reason}`);
}
