/**
 * GPT-2's table from bytes to printable letters, in which byte-level vocabularies are written: a byte that is a visible
 * Latin-1 character stands for itself, the other 68 take the letters from U+0100 on.
 */
export const BYTE_LETTERS: readonly string[] = makeByteLetters();

function makeByteLetters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(visible ? byte : next++);
  });
}

const BYTE_OF_LETTER: ReadonlyMap<string, number> = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));
const UTF8 = new TextEncoder();

/** Writes the UTF-8 bytes of `text` as letters, one for each byte. */
export function toByteLetters(text: string): string {
  let letters = "";
  for (const byte of UTF8.encode(text)) letters += BYTE_LETTERS[byte]!;
  return letters;
}

/** The bytes that a byte-level token stands for; a token with a letter outside the table stands for its own UTF-8. */
export function fromByteLetters(token: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(token, (letter) => BYTE_OF_LETTER.get(letter) ?? 0);
  const known = [...token].every((letter) => BYTE_OF_LETTER.has(letter));
  return known ? bytes : UTF8.encode(token);
}
