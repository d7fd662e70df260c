const PHRASE = /^(?:\\text(?:bf|rm|it)?\{ *(?:The |the )?(?:final |Final )?(?:answer|Answer)(?: is| ?:|=)? *:? *\}|答案(?:是|为|[:：])) */;
const COLOUR = /\\(?:textcolor|colorbox)\{[^{}]*\}(?=\{)|\\color\{[^{}]*\}/g;
const ENVIRONMENT = /^\\left *\\\{ *(\\begin\{(?:aligned|array)\}.*\\end\{(?:aligned|array)\}) *\\right *\.$/s;
const ROWS = /^\\begin\{(cases|aligned|align\*?|gathered|array|split)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}$/s;

/** An answer without colours, sayings before it and other looks that change nothing; several equations below each other in one line. */
export function respelled(answer: string): string {
  if (answer.length > 2_000) return answer;
  let text = answer.replace(PHRASE, "").replace(/^\\(?:pounds|euro|yen|pound)(?![A-Za-z]) */, "");
  text = text.replace(COLOUR, "");
  text = text.replace(/^(\d+) ?(?:\^ ?\{?)(?:\\(?:text|mathrm)\{)?(?:st|nd|rd|th)\}*$/, "$1");
  return inOneLine(text.trim());
}

function inOneLine(text: string): string {
  const inner = ENVIRONMENT.exec(text)?.[1] ?? text;
  const [, kind, body] = ROWS.exec(inner) ?? [];
  if (kind === undefined || body === undefined || body.includes("\\begin")) return text;
  if (body.includes("&") && (kind === "cases" || kind === "array")) return text; // a piecewise function, or a table
  const rows = body.split("\\\\").map((row) => row.replaceAll("&", "").trim().replace(/[,;]$/, "")); // prettier-ignore
  return rows.filter((row) => row !== "").join(", ");
}
