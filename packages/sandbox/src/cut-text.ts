/** The first `most` UTF-16 units of a text, or one less where that would cut a character in half. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  return text.slice(0, most > 0 && isPairAt(text, most - 1) ? most - 1 : most);
}

function isPairAt(text: string, at: number): boolean {
  return text.codePointAt(at)! > 0xffff;
}
