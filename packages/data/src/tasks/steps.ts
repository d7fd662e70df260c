/** Longest worked reasoning kept, in tokens of {@link estimateTokens}. */
export const MAX_STEP_TOKENS = 60;

/** Tokens of a text where words are whole and digits and signs are single, as a small word-level tokenizer cuts it. */
export function estimateTokens(text: string): number {
  return text.match(/[A-Za-z]+|[^\sA-Za-z]/g)?.length ?? 0;
}

/**
 * Joins worked steps with commas, or gives up as soon as they pass 60 tokens (words are one, digits and signs one each): long lists cost no time
 * beyond the part that would have been kept.
 */
export function joinSteps(parts: Iterable<string>): string | undefined {
  let text = "";
  let tokens = 0;
  for (const part of parts) {
    tokens += estimateTokens(part) + (text === "" ? 0 : 1);
    if (tokens > MAX_STEP_TOKENS) return undefined;
    text += text === "" ? part : `,${part}`;
  }
  return text;
}

/** Partial products of a·b by the digits of b, then their running sums: `12*30=360,12*4=48,360+48=408`. */
export function* productSteps(a: number, b: number): Generator<string, void> {
  const partials: number[] = [];
  for (let place = 10 ** (String(b).length - 1); place >= 1; place /= 10) {
    const part = (Math.floor(b / place) % 10) * place;
    if (part === 0) continue;
    partials.push(a * part);
    yield `${a}*${part}=${a * part}`;
  }
  yield* runningSums(partials);
}

/** {@link productSteps} in one sum: `360+48=408`. */
export function shortProductSteps(a: number, b: number): string[] {
  const places = [...String(b)].map((digit, i, all) => Number(digit) * 10 ** (all.length - 1 - i));
  const partials = places.filter((part) => part > 0).map((part) => a * part);
  return partials.length > 1 ? [`${partials.join("+")}=${a * b}`] : [`${a}*${b}=${a * b}`];
}

/** Each running sum of the terms: `3+5=8,8+6=14`. */
export function* runningSums(terms: readonly number[]): Generator<string, void> {
  let total = terms[0] ?? 0;
  for (const term of terms.slice(1)) {
    yield `${total}+${term}=${total + term}`;
    total += term;
  }
}

/** Euclid's remainders from the larger number down to zero: `48%36=12,36%12=0`. */
export function* euclidSteps(a: number, b: number): Generator<string, void> {
  let [x, y] = a > b ? [a, b] : [b, a];
  while (y > 0) {
    yield `${x}%${y}=${x % y}`;
    [x, y] = [y, x % y];
  }
}

/** A list of what was found and how many there are: `3,4,10,count 3`. */
export function* countSteps(found: readonly number[]): Generator<string, void> {
  for (const value of found) yield String(value);
  yield `count ${found.length}`;
}
