import type { Command } from "commander";
import type { CliContext } from "../shell/cli-context.js";
import { registerProbe } from "./engine-probe.js";
import { registerServe } from "./engine-serve.js";

/** What computes, apart from what learns. */
export function register(program: Command, context: CliContext): void {
  const group = program.command("engine").description("models for training loops of other programs and machines");
  registerServe(group, context);
  registerProbe(group, context);
}
