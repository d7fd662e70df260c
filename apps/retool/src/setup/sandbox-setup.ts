import { InputError } from "@retool-ts/core";
import { createSandbox, fusionSandbox, type CreateSandboxOptions, type FusionSandboxOptions, type Sandbox } from "@retool-ts/sandbox";
import type { RecipeConfig } from "../config/recipe-config.js";

/** A language of the interpreter: as people write it, as a Markdown fence does, and a program for prompts to show. */
export interface InterpreterLanguage {
  readonly name: string;
  readonly fence: string;
  readonly example: string;
}

const LANGUAGES = {
  javascript: { name: "JavaScript", fence: "js", example: "console.log(6 * 7);" },
  python: { name: "Python", fence: "python", example: "print(6 * 7)" },
} as const satisfies Record<RecipeConfig["sandbox"]["language"], InterpreterLanguage>;

const FUSION_LANGUAGES = { javascript: "nodejs", python: "python" } as const;

/** The language that a config's interpreter runs. */
export function interpreterLanguage({ sandbox }: Pick<RecipeConfig, "sandbox">): InterpreterLanguage {
  return LANGUAGES[sandbox.language];
}

/**
 * The sandbox that a config describes.
 *
 * @throws InputError when settings do not go with the language, or Python has no backend here, with the reason.
 */
export async function setUpSandbox(config: Pick<RecipeConfig, "sandbox" | "seed">): Promise<Sandbox> {
  const { workers, fuel, wallMs, memoryMiB, outputChars } = config.sandbox;
  const limits = { fuel, wallMs, memoryBytes: memoryMiB * 2 ** 20, outputChars };
  if (config.sandbox.url !== null) return fusionSandbox({ ...remoteOptions(config.sandbox, config.sandbox.url), limits });
  return createSandbox({ workers, seed: config.seed, limits, ...languageOptions(config.sandbox) });
}

function remoteOptions({ language, stateful, preload, workers }: RecipeConfig["sandbox"], url: string): FusionSandboxOptions {
  const refuse = (where: string, found: string, fix: string) => {
    return new InputError({ what: "config", where, expected: "none with sandbox.url", found, fix });
  };
  if (stateful) throw refuse("sandbox.stateful", "true", "leave it out: the server runs each code on its own");
  if (preload.length > 0) throw refuse("sandbox.preload", preload.join(", "), "leave it out: the server decides what code may use");
  const token = process.env["RETOOL_SANDBOX_TOKEN"];
  return { url, language: FUSION_LANGUAGES[language], rateLimit: workers, ...(token === undefined || token === "" ? {} : { token }) };
}

function languageOptions({ language, pythonBackend, pythonInterpreter, helpers, preload }: RecipeConfig["sandbox"]): CreateSandboxOptions {
  switch (language) {
    case "javascript":
      return { preload, prelude: helpers ? "math" : "" };
    case "python":
      if (preload.length > 0) {
        const fix = "leave it out; packages are added with: retool sandbox python install NAME";
        throw new InputError({ what: "config", where: "sandbox.preload", expected: "none with Python", found: preload.join(", "), fix });
      }
      return {
        language,
        python: {
          ...(pythonBackend === "auto" ? {} : { backend: pythonBackend }),
          ...(pythonInterpreter === null ? {} : { interpreter: pythonInterpreter }),
        },
      };
  }
}

/**
 * Generated traces are written in JavaScript.
 *
 * @throws InputError when a stage has them and the interpreter runs another language.
 */
export function checkTraceLanguage({ sandbox, sft }: RecipeConfig): void {
  const stage = sft.stages.findIndex(({ source }) => source.kind === "generated");
  if (sandbox.language === "javascript" || stage < 0) return;
  throw new InputError({
    what: "config",
    where: `sft.stages.${stage}.source`,
    expected: `conversations of a file, with sandbox.language ${sandbox.language}`,
    found: "generated traces, whose code is JavaScript",
    fix: `name a file with --set sft.stages.${stage}.source.path=FILE, or leave the stages out with retool train MODEL`,
  });
}
