import type { RecipeInput } from "../recipe-config.js";

/** Text around interpreter output in the released evaluation code of the paper, which a stripped output ends in no line break. */
export const PAPER_RESULT = {
  resultOpen: "\n<interpreter>\n",
  resultClose: "</interpreter>\n\n",
} as const satisfies RecipeInput["dialect"];

/** A published time-out as this project takes it; for notes. */
export const TIMEOUT_NOTE =
  "sandbox.wallMs: the published time-out, but here the clock only guards: its verdict is never scored; sandbox.fuel, which no recipe has, is counted, ends long code first on most machines, and is scored as any failed call";
