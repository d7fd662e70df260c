/** Greatest common divisor of two non-negative integers (Euclid). */
export function gcdOf(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** Least common multiple of two positive integers whose product is a safe integer. */
export function lcmOf(a: number, b: number): number {
  return (a / gcdOf(a, b)) * b;
}

/** base^exponent mod modulus by repeated squaring; exact while (modulus − 1)² is a safe integer. */
export function powerModulo(base: number, exponent: number, modulus: number): number {
  let result = 1 % modulus;
  let square = base % modulus;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Checks whether n is prime, by trial division. */
export function isPrimeNumber(n: number): boolean {
  if (n < 4) return n > 1;
  if (n % 2 === 0) return false;
  for (let d = 3; d * d <= n; d += 2) if (n % d === 0) return false;
  return true;
}

/** Integers of [low, high], both included, that satisfy a condition. */
export function select(low: number, high: number, keep: (n: number) => boolean): number[] {
  const found: number[] = [];
  for (let n = low; n <= high; n++) if (keep(n)) found.push(n);
  return found;
}

/** Decimal digits of a non-negative safe integer, most significant first. */
export function digitsOf(n: number): number[] {
  return [...String(n)].map(Number);
}

/** Sum of a list of integers. */
export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
