import { openRunFolder } from "@retool-ts/runs";
import type { CliContext } from "../shell/cli-context.js";
import { differenceText } from "./describe-difference.js";
import { runDifference } from "./run-difference.js";

/** Prints what tells two runs apart. */
export async function diffRuns(a: string, b: string, { json }: { readonly json: boolean }, { print }: CliContext): Promise<void> {
  const difference = await runDifference(await openRunFolder(a), await openRunFolder(b));
  print(json ? JSON.stringify(difference, null, 2) : differenceText(difference));
}
