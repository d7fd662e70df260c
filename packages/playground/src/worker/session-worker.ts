/** The script of the worker that holds the policy: it loads, answers, measures, trains and saves, one thing after another. */
import { createTaskSource } from "@retool-ts/data";
import { createSandbox } from "@retool-ts/sandbox/browser";
import { zipSync } from "fflate";
import type { FromWorker, Question, ToWorker } from "../protocol.js";
import { SANDBOX_LIMITS } from "../session/environment.js";
import { Session } from "../session/session.js";
import type { Settings } from "../settings.js";
import { fetchModel, openWebGpu, useOwnWebAssembly } from "./load.js";
import { WorkQueue } from "./work-queue.js";

interface WorkerScope {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const send = (message: FromWorker): void => scope.postMessage(message);

/** Problems to look at: of the test side, other ones than those of the measures. */
const QUESTIONS = 40;
const QUESTION_SEED = 11;
/** Steps between two answers to the problem that is followed. */
const ANSWER_EVERY = 10;

const queue = new WorkQueue();
let session: Session | undefined;
let followed: Question | undefined;
let training: AbortController | undefined;

scope.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "open":
      run(() => open(message.settings));
      return;
    case "choose":
      run(() => choose(message.settings));
      return;
    case "train":
      run(() => trainOn(message.settings));
      return;
    case "stop":
      training?.abort();
      return;
    case "follow":
      followed = message.question;
      return;
    case "answer":
      runBetweenSteps(async () => {
        const { id, question, settings } = message;
        const answer = await opened().answer(question, settings, (kind, text) => send({ type: "part", id, kind, text }));
        send({ type: "answer", id, answer });
      });
      return;
    case "save":
      runBetweenSteps(save);
  }
};

/** Work while nothing else is at work. */
function run(work: () => Promise<void>): void {
  void queue.add(work).catch(fail);
}

/** Work that need not wait for the end of training. */
function runBetweenSteps(work: () => Promise<void>): void {
  if (training === undefined) run(work);
  else void queue.addBetween(work).catch(fail);
}

function fail(error: unknown): void {
  send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

function opened(): Session {
  if (session === undefined) throw new Error("the policy is not loaded");
  return session;
}

async function open(settings: Settings): Promise<void> {
  useOwnWebAssembly();
  const [files, sandbox] = await Promise.all([fetchModel(), createSandbox({ seed: 1, limits: SANDBOX_LIMITS })]);
  session = await Session.open(files, sandbox);
  session.onEngine = (choice) => send({ type: "engine", choice });
  const problems = createTaskSource({ seed: QUESTION_SEED, split: "test" });
  const questions = Array.from({ length: QUESTIONS }, (_, i) => problems.problem(i)).map(({ question: text, answer }) => ({
    text,
    answer,
  }));
  send({ type: "ready", parameters: session.policy.parameters.count, questions });
  send({ type: "measure", measure: await session.measure(settings) });
}

async function choose(settings: Settings): Promise<void> {
  send({ type: "engine", choice: await opened().chooseEngine(settings, () => openWebGpu(settings.engine === "webgpu")) });
}

async function trainOn(settings: Settings): Promise<void> {
  const own = opened();
  training = new AbortController();
  try {
    await own.train(
      settings,
      {
        onMeasure: (measure) => send({ type: "measure", measure }),
        async onStep(report) {
          send({ type: "step", report });
          if (followed !== undefined && report.step % ANSWER_EVERY === 0) {
            send({ type: "followed", answer: await own.answer(followed, settings) });
          }
          await queue.between();
        },
      },
      training.signal,
    );
  } finally {
    training = undefined;
    send({ type: "stopped", step: own.step });
    await queue.between();
  }
}

async function save(): Promise<void> {
  const own = opened();
  const name = `retool-playground-step-${own.step}`;
  const files = await own.files();
  const zip = zipSync(Object.fromEntries(Object.entries(files).map(([file, bytes]) => [`${name}/${file}`, bytes])), {
    mtime: "1980-01-01",
  });
  scope.postMessage({ type: "saved", name: `${name}.zip`, zip }, [zip.buffer]);
}
