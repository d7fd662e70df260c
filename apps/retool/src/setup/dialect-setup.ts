import { answerEnd, compactTraceFormat, templateVariables, toolTurnTexts, type ToolSchema, type TraceFormat } from "@retool-ts/data";
import { InputError } from "@retool-ts/core";
import { CODE_INTERPRETER, hermesDialect, xmlDialect, type Dialect, type Tool, type XmlDialectOptions } from "@retool-ts/rollout";
import type { LoadedModel } from "./model-setup.js";
import { chatTemplateFor } from "./prompt.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Form of calls and answers, in rollouts and in cold-start traces. */
export interface DialectSetup {
  readonly dialect: Dialect;
  readonly traceFormat: TraceFormat;
  /** End of the model's turn, which it learns to write; empty for a model without one, whose turns tags end. */
  readonly endOfTurn: string;
}

/** Tools as chat templates list them. */
export function toolSchemas(tools: readonly Tool[]): ToolSchema[] {
  return tools.map(({ name, description, parameters }) => {
    const { $schema: _, additionalProperties: __, ...rest } = parameters;
    return { type: "function", function: { name, description, parameters: rest } };
  });
}

/**
 * Makes the dialect that a config names.
 *
 * @throws InputError when the dialect is hermes and the model has no chat template that tool messages can be appended with.
 */
export async function setUpDialect(
  config: Pick<RecipeConfig, "prompt" | "dialect">,
  { tokenizer, chatTemplate, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "chatTemplate" | "eosTokenIds">,
  tools: readonly Tool[],
): Promise<DialectSetup> {
  const { name, resultOpen, resultClose, maxParallelCalls } = config.dialect;
  const template = await chatTemplateFor(config, chatTemplate);
  switch (name) {
    case "xml": {
      const endOfTurn = endBehindTags(template, { tokenizer, eosTokenIds });
      return {
        dialect: xmlDialect({ resultOpen, resultClose, ...tagsOf(tools), answerStops: endOfTurn === "" }),
        traceFormat: xmlFormat({ inChat: template !== undefined, resultOpen, resultClose, endOfTurn }),
        endOfTurn,
      };
    }
    case "hermes": {
      if (template === undefined) throw noTemplate();
      const texts = toolTurnTexts(template, { tools: toolSchemas(tools), ...endings({ tokenizer, eosTokenIds }) });
      return {
        dialect: hermesDialect({ hasTools: tools.length > 0, maxParallelCalls, texts }),
        traceFormat: hermesFormat(texts.endOfTurn),
        endOfTurn: texts.endOfTurn,
      };
    }
  }
}

/** What ends a turn of a model that writes tags; empty where the closing tag does. */
export function endBehindTags(
  template: string | undefined,
  { tokenizer, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "eosTokenIds">,
): string {
  const known = endings({ tokenizer, eosTokenIds });
  return template === undefined ? (known.endTokens[0] ?? "") : answerEnd(template, known);
}

/** Tokens that may end a turn, and what a template is rendered with to find out how it does. */
function endings({ tokenizer, eosTokenIds }: Pick<LoadedModel, "tokenizer" | "eosTokenIds">) {
  const endTokens = eosTokenIds.map((id) => tokenizer.idToToken(id)).filter((token) => token !== undefined);
  return { endTokens, variables: templateVariables(tokenizer.files) };
}

interface XmlTexts {
  readonly inChat: boolean;
  readonly resultOpen: string;
  readonly resultClose: string;
  readonly endOfTurn: string;
}

/** Tags that call something: the interpreter's where there is one, and for each other tool the tag of its name. */
export function tagsOf(tools: readonly Pick<Tool, "name">[]): Required<Pick<XmlDialectOptions, "interpreter" | "toolTags">> {
  const names = tools.map(({ name }) => name);
  const others = names.filter((name) => name !== CODE_INTERPRETER);
  return { interpreter: others.length < names.length, toolTags: Object.fromEntries(others.map((name) => [name, name])) };
}

function xmlFormat({ inChat, resultOpen, resultClose, endOfTurn }: XmlTexts): TraceFormat {
  const compact = { ...compactTraceFormat, resultOpen, resultClose, answerClose: compactTraceFormat.answerClose + endOfTurn };
  if (!inChat) return compact;
  const code = { codeOpen: "<code>\n```js\n", codeClose: "\n```\n</code>" };
  return { ...compact, ...code, answerOpen: "<answer>\n\\boxed{", answerClose: `}\n</answer>${endOfTurn}` };
}

function hermesFormat(endOfTurn: string): TraceFormat {
  return {
    codeOpen: `<tool_call>\n{"name": "${CODE_INTERPRETER}", "arguments": {"code": "`,
    codeClose: `"}}\n</tool_call>${endOfTurn}`,
    writeCode: (code) => JSON.stringify(code).slice(1, -1),
    resultOpen: "",
    resultClose: "",
    answerOpen: "\\boxed{",
    answerClose: `}${endOfTurn}`,
  };
}

function noTemplate(): InputError {
  return new InputError({
    what: "config",
    where: "dialect.name: hermes",
    expected: "a model with a chat template",
    found: "one without, or prompt.format: plain",
    fix: "use dialect.name: xml, or name a Jinja file as prompt.chatTemplate",
  });
}
