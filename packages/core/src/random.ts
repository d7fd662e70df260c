/** Four 32-bit words, each an unsigned integer below 2³². */
export type Words4 = readonly [number, number, number, number];

/**
 * Philox4x32-10, a counter-based generator: a pure function from a counter and a key to 128 random bits.
 *
 * See Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), section 4.3. Equal inputs give equal
 * outputs on every machine and in any order, which is what makes rollouts independent of their batch.
 */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(c0, 0xd2511f53) >>> 0;
    const high0 = multiplyHigh(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57) >>> 0;
    const high1 = multiplyHigh(c2, 0xcd9e8d57);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit integers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/** A part of a random stream's name. Text and numbers are told apart: `"1"` and `1` name different streams. */
export type StreamLabel = string | number;

/**
 * Mixes a seed and labels into a 64-bit key, by two 32-bit FNV-1a hashes with a final avalanche (MurmurHash3's).
 *
 * @param labels - text or numbers; the order matters.
 */
export function streamKey(seed: number, labels: readonly StreamLabel[]): readonly [number, number] {
  const text = [seed, ...labels].map((label) => (typeof label === "number" ? `n${label}` : `s${label.length}:${label}`)).join("|");
  return [avalanche(fnv1a(text, 0x811c9dc5)), avalanche(fnv1a(text, 0x9747b28c))];
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function avalanche(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * One uniform number in [0, 1) with 32 bits, a pure function of its arguments.
 *
 * @param key - from {@link streamKey}.
 * @param position - index within the stream, a non-negative integer below 2⁵³.
 */
export function uniformAt(key: readonly [number, number], position: number): number {
  return philox4x32([position >>> 0, Math.floor(position / 2 ** 32), 0, 0], key)[0] / 2 ** 32;
}

/**
 * A sequence of random numbers named by a seed and labels. Two streams with different names are independent; a stream
 * can be saved as its {@link RandomStream.position} and continued from there to the bit.
 */
export class RandomStream {
  readonly #key: readonly [number, number];
  #position: number;

  constructor(seed: number, labels: readonly StreamLabel[], position = 0) {
    this.#key = streamKey(seed, labels);
    this.#position = position;
  }

  /** Count of the numbers drawn so far. */
  get position(): number {
    return this.#position;
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(): number {
    return uniformAt(this.#key, this.#position++);
  }

  /** Uniform integer in [low, high], both included; high − low must stay below 2³². */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** Standard normal (Box-Muller, one of the two values; draws two uniform numbers). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One element, all equally likely. The array must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }

  /** One element, with probability proportional to its weight. */
  pickWeighted<T>(items: readonly (readonly [item: T, weight: number])[]): T {
    let rest = this.uniform() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      rest -= weight;
      if (rest < 0) return item;
    }
    return items.at(-1)![0];
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
