/** GPT-2's split, which `ByteLevel` applies of its own; `\s` is Unicode's white space, as in every pattern of a tokenizer file. */
const GPT2_SPLIT = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

type Step = Readonly<Record<string, unknown>>;

const split = (pattern: string): Step => ({ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false });

/**
 * A pre-tokenizer of `tokenizer.json`, written so that the library splits as the Rust tokenizers do: `Digits` takes every numeric
 * character (`½`, `①`), and white space is Unicode's, which has U+0085 and lacks U+FEFF, unlike JavaScript's `\s`.
 */
export function exactSplits(preTokenizer: Step | null | undefined): Step | null {
  if (preTokenizer == null) return null;
  const steps = preTokenizer["type"] === "Sequence" ? (preTokenizer["pretokenizers"] as readonly Step[]) : [preTokenizer];
  const exact = steps.flatMap(exactStep);
  return exact.length === 1 ? exact[0]! : { type: "Sequence", pretokenizers: exact };
}

function exactStep(step: Step): readonly Step[] {
  if (step["type"] === "Digits") return [split(step["individual_digits"] === true ? String.raw`\p{N}` : String.raw`\p{N}+`)];
  const splitsItself = step["type"] === "ByteLevel" && (step["use_regex"] ?? true) === true;
  return splitsItself && step["add_prefix_space"] !== true ? [split(GPT2_SPLIT), { ...step, use_regex: false }] : [step];
}
