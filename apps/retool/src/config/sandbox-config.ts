import { positive } from "@retool-ts/train";
import { z } from "zod";

/** Where code of the policy runs, and its limits. */
export const SandboxConfig = z
  .strictObject({
    language: z
      .enum(["javascript", "python"])
      .default("javascript")
      .describe("What the interpreter runs. Python needs a backend; `retool doctor` shows which are there."),
    pythonBackend: z
      .enum(["auto", "pyodide", "bwrap"])
      .default("auto")
      .describe("Of Python: Pyodide (an optional package), CPython under bubblewrap, or the first of them that is there."),
    pythonInterpreter: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("A Python, of a virtual environment for example, whose packages (numpy, sympy, …) code may import, under bubblewrap."),
    url: z
      .url({ protocol: /^https?$/ })
      .nullable()
      .default(null)
      .describe("A SandboxFusion server that runs the code instead; RETOOL_SANDBOX_TOKEN in the environment is its bearer token."),
    workers: positive.max(64).default(1).describe("Threads or processes that run code."),
    fuel: positive.default(2_000).describe("Counted work after which code is stopped, in interrupt ticks of about 10,000 operations."),
    wallMs: positive
      .default(80_000)
      .describe(
        "Milliseconds after which the clock ends a call, which is then not scored: ten times what the fuel can take, 40 ms per tick.",
      ),
    memoryMiB: positive.min(18).max(1_024).default(64).describe("Memory of one world."),
    outputChars: positive.default(8_192).describe("Characters of output and value together."),
    stateful: z
      .boolean()
      .default(false)
      .describe("Whether a rollout keeps its variables from call to call; else each call has a fresh world."),
    helpers: z.boolean().default(true).describe("The sandbox's own functions (gcd, isPrime, range, …); false leaves the language alone."),
    preload: z
      .array(z.enum(["fraction", "decimal", "nerdamer"]))
      .default([])
      .describe(
        "Libraries in every world: fraction.js as Fraction, decimal.js as Decimal, nerdamer-prime (an optional package) as nerdamer.",
      ),
    shareResults: z.boolean().default(true).describe("Run equal code once per step, and share its result."),
  })
  .prefault({})
  .describe("Where the policy's code runs, and its limits.");
