import { digitsOf } from "./number-theory.js";
import { joinSteps } from "./steps.js";

/** Digits from the last to the first. */
function columnsOf(value: number): number[] {
  return digitsOf(value).toReversed();
}

/** Schoolbook addition from the last column on, with carries, then the sum; a digit alone is copied: `2+9=11,8+3+1=12,4+1=5,521`. */
export function* sumColumns(a: number, b: number): Generator<string, void> {
  const [top, bottom] = [columnsOf(a), columnsOf(b)];
  let carry = 0;
  for (let i = 0; i < Math.max(top.length, bottom.length); i++) {
    const terms = [top[i], bottom[i], carry || undefined].filter((term) => term !== undefined);
    const column = terms.reduce((sum, term) => sum + term, 0);
    if (terms.length > 1) yield `${terms.join("+")}=${column}`;
    carry = column > 9 ? 1 : 0;
  }
  yield String(a + b);
}

/** Schoolbook subtraction with borrowing, then the difference; a is at least b: `11-9=2,12-3-1=8,5-1=4,482`. */
export function* differenceColumns(a: number, b: number): Generator<string, void> {
  const [top, bottom] = [columnsOf(a), columnsOf(b)];
  let borrow = 0;
  for (const [i, digit] of top.entries()) {
    const taken = (bottom[i] ?? 0) + borrow;
    const lent = taken > digit ? 10 : 0;
    const terms = [digit + lent, bottom[i], borrow || undefined].filter((term) => term !== undefined);
    if (terms.length > 1) yield `${terms.join("-")}=${digit + lent - taken}`;
    borrow = lent > 0 ? 1 : 0;
  }
  yield String(a - b);
}

/** Schoolbook product with a single digit, then the product: `7*2=14,7*8+1=57,7*4+5=33,3374`. */
export function* productColumns(a: number, digit: number): Generator<string, void> {
  let carry = 0;
  for (const place of columnsOf(a)) {
    const column = digit * place + carry;
    yield `${digit}*${place}${carry > 0 ? `+${carry}` : ""}=${column}`;
    carry = Math.floor(column / 10);
  }
  yield String(a * digit);
}

/** The second operand taken place by place, from the first one on: `482+700=1182,1182+30=1212,1212+9=1221`. */
export function* placeSteps(a: number, sign: "+" | "-", b: number): Generator<string, void> {
  let total = a;
  for (const [i, digit] of digitsOf(b).entries()) {
    const part = digit * 10 ** (String(b).length - 1 - i);
    if (part === 0) continue;
    const next = sign === "+" ? total + part : total - part;
    yield `${total}${sign}${part}=${next}`;
    total = next;
  }
}

/** Worked steps and then a test of their result; absent where the two are too long together. */
export function withCheck(steps: Iterable<string>, check: string): string | undefined {
  return joinSteps([...steps, `check ${check}`]);
}
