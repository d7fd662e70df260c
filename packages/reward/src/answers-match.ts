export interface AnswerOptions {
  /** For `boxed-exact`: read `1,024` and `1{,}024` as 1024. Default false. */
  readonly allowThousandsSeparators?: boolean;
}

/**
 * Checks whether two answers are equal: as integers of any size if both are integers, else as trimmed strings.
 *
 * `045` equals `45`, `+7` equals `7` and `-0` equals `0`; `42.0` does not equal `42`. Only the digits 0–9 make an
 * integer. Digits are compared as text, so that a million of them cost no more than reading them.
 */
export function answersMatch(prediction: string, groundTruth: string, { allowThousandsSeparators = false }: AnswerOptions = {}): boolean {
  const [left, right] = [prediction, groundTruth].map((answer) => {
    const trimmed = answer.trim();
    return allowThousandsSeparators ? withoutThousandsSeparators(trimmed) : trimmed;
  }) as [string, string];
  const leftInteger = canonicalInteger(left);
  const rightInteger = canonicalInteger(right);
  return leftInteger !== undefined && rightInteger !== undefined ? leftInteger === rightInteger : left === right;
}

/** An integer without plus sign and leading zeros; undefined if the text is none. */
function canonicalInteger(text: string): string | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const isNegative = text.startsWith("-");
  let start = /^[+-]/.test(text) ? 1 : 0;
  while (start < text.length - 1 && text[start] === "0") start++;
  const digits = text.slice(start);
  return isNegative && digits !== "0" ? `-${digits}` : digits;
}

function withoutThousandsSeparators(text: string): string {
  const plain = text.replaceAll("{,}", ",");
  return /^[+-]?[0-9]{1,3}(?:,[0-9]{3})+$/.test(plain) ? plain.replaceAll(",", "") : text;
}
