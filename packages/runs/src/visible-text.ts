// Control characters but tab and line feed; marks that reorder or hide text; line separators; halves of surrogate pairs.
const INVISIBLE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Shows what would otherwise act on a terminal or hide from a reader: control characters as their pictures (`␛`), everything else by its
 * code (`⟨U+202E⟩`). What is left is safe to print, and still has to be escaped for HTML.
 *
 * @param mark - wraps each replacement, such as in a colour.
 */
export function visibleText(text: string, mark: (picture: string) => string = (picture) => picture): string {
  return text.replaceAll("\r\n", "\n").replace(INVISIBLE, (character) => mark(picture(character.charCodeAt(0))));
}

function picture(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
