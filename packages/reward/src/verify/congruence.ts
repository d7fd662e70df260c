/** A residue, with its modulus: `x \equiv 5 \pmod{7}`. */
interface Residue {
  readonly name: string | undefined;
  readonly value: bigint;
  readonly modulus: bigint;
}

const RESIDUE = /^(?:([A-Za-z])(?:\\equiv|≡|=))?(-?\d{1,40})(?:\\pmod|\(?\\(?:bmod|mod)|\(?mod)(?:\{(\d{1,40})\}|(\d{1,40}))\)?$/;

/**
 * Compares residues: equal moduli and residues that differ by a multiple of them; undefined where the gold answer is none, or where only
 * the prediction is one and its number is another.
 */
export function isSameResidue(gold: string, prediction: string): boolean | undefined {
  const [wanted, given] = [residueOf(gold), residueOf(prediction)];
  if (wanted === undefined) return given !== undefined && isNumber(gold, given.value) ? true : undefined;
  if (given === undefined) return isNumber(prediction.replace(/^\s*[A-Za-z]\s*=/, ""), wanted.value) ? true : undefined;
  if (wanted.name !== undefined && given.name !== undefined && wanted.name !== given.name) return false;
  return wanted.modulus === given.modulus && (wanted.value - given.value) % wanted.modulus === 0n;
}

function residueOf(text: string): Residue | undefined {
  if (text.length > 200 || !text.includes("mod")) return undefined;
  const plain = text
    .replace(/\\(?:text|mathrm|textrm|mbox)\{([^{}]*)\}/g, "$1")
    .replace(/\\(?:quad|qquad)(?![A-Za-z])|\\[ ,;:!]|[\s~]/g, "");
  const [, name, value, braced, bare] = RESIDUE.exec(plain) ?? [];
  const modulus = BigInt(braced ?? bare ?? "0");
  return value === undefined || modulus === 0n ? undefined : { name, value: BigInt(value), modulus };
}

function isNumber(text: string, value: bigint): boolean {
  const plain = text.trim();
  return /^-?\d{1,40}$/.test(plain) && BigInt(plain) === value;
}
