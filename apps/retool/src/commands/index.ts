import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import * as chat from "./chat.js";
import * as cluster from "./cluster.js";
import * as completion from "./completion.js";
import * as config from "./config.js";
import * as data from "./data.js";
import * as diff from "./diff.js";
import * as doctor from "./doctor.js";
import * as engine from "./engine.js";
import * as evaluation from "./eval.js";
import * as exec from "./exec.js";
import * as exportCommand from "./export.js";
import * as inspect from "./inspect.js";
import * as native from "./native.js";
import * as playground from "./playground.js";
import * as quickstart from "./quickstart.js";
import * as report from "./report.js";
import * as reproduce from "./reproduce.js";
import * as rolloutWorker from "./rollout-worker.js";
import * as sandbox from "./sandbox.js";
import * as rescore from "./rescore.js";
import * as serve from "./serve.js";
import * as sft from "./sft.js";
import * as sweep from "./sweep.js";
import * as train from "./train.js";
import * as verify from "./verify.js";
import * as watch from "./watch.js";

/**
 * In the order of `retool --help`. A command module loads with every command line, so it imports only what describes the command;
 * the work is imported when it runs.
 */
const COMMANDS: readonly { register(program: Command, context: CliContext): void }[] = [
  quickstart,
  sft,
  train,
  evaluation,
  sweep,
  chat,
  serve,
  inspect,
  report,
  watch,
  playground,
  diff,
  reproduce,
  rescore,
  exportCommand,
  config,
  data,
  verify,
  exec,
  sandbox,
  engine,
  rolloutWorker,
  cluster,
  doctor,
  native,
  completion,
];

export function registerCommands(program: Command, context: CliContext): void {
  for (const { register } of COMMANDS) register(program, context);
}
