import { LIMITS } from "./budget.js";

/** Unicode characters as the TeX that the parser knows. */
const SAME_CHARACTER: Readonly<Record<string, string>> = {
  "−": "-", "–": "-", "×": "\\times ", "·": "\\cdot ", "⋅": "\\cdot ", "∙": "\\cdot ", "•": "\\cdot ", "÷": "\\div ", "∕": "/", "⁄": "/",
  "√": "\\sqrt ", "∛": "\\cbrt ", "∞": "\\infty ", "≤": "\\le ", "≥": "\\ge ", "⩽": "\\le ", "⩾": "\\ge ", "≠": "\\ne ", "≈": "\\approx ",
  "≡": "\\equiv ", "∪": "\\cup ", "∩": "\\cap ", "∖": "\\setminus ", "∈": "\\in ", "∨": "\\lor ", "∧": "\\land ", "±": "\\pm ", "∓": "\\mp ",
  "°": "^\\circ ", "′": "'", "’": "'", "∅": "\\emptyset ", "ℝ": "\\mathbb{R}", "ℤ": "\\mathbb{Z}", "ℕ": "\\mathbb{N}", "ℚ": "\\mathbb{Q}",
  "ℂ": "\\mathbb{C}", "⟨": "\\langle ", "⟩": "\\rangle ", "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ", "⌉": "\\rceil ", "…": "\\ldots ",
  "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "⅕": "\\frac{1}{5}",
  "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}", "⅚": "\\frac{5}{6}", "⅛": "\\frac{1}{8}",
  "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}", "α": "\\alpha ", "β": "\\beta ", "γ": "\\gamma ", "δ": "\\delta ",
  "ε": "\\epsilon ", "θ": "\\theta ", "λ": "\\lambda ", "μ": "\\mu ", "π": "\\pi ", "ρ": "\\rho ", "σ": "\\sigma ", "τ": "\\tau ",
  "φ": "\\phi ", "ω": "\\omega ", "Δ": "\\Delta ", "Ω": "\\Omega ", "。": ".", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
}; // prettier-ignore

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ";
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const LEVEL = "0123456789-+n";

/** An answer in ASCII, and where each of its characters comes from. */
export interface AsciiText {
  readonly text: string;
  /** By index of `text`, its end included: the index in the source. */
  readonly origins: readonly number[];
}

/** Rewrites an answer in ASCII where that says the same; other characters stay and are refused by the tokenizer. */
export function asciiOf(source: string): AsciiText {
  let text = "";
  const origins: number[] = [];
  const write = (piece: string, origin: number) => {
    text += piece;
    for (let i = 0; i < piece.length; i++) origins.push(origin);
  };
  let level: "" | "^" | "_" = "";
  for (let i = 0; i < source.length;) {
    const character = String.fromCodePoint(source.codePointAt(i)!);
    const digits = character === "√" ? /^√ ?(\d+)/.exec(source.slice(i, i + LIMITS.digits)) : null;
    const raised = RAISED.indexOf(character);
    const lowered = raised < 0 ? LOWERED.indexOf(character) : -1;
    const next = raised >= 0 ? "^" : lowered >= 0 ? "_" : "";
    if (next !== level) write((level === "" ? "" : "}") + (next === "" ? "" : `${next}{`), i);
    level = next;
    if (digits) write(`\\sqrt{${digits[1]!}}`, i);
    else if (next !== "") write(LEVEL[Math.max(raised, lowered)]!, i);
    else if (SAME_CHARACTER[character] !== undefined) write(SAME_CHARACTER[character], i);
    else for (let part = 0; part < character.length; part++) write(character[part]!, i + part);
    i += digits?.[0].length ?? character.length;
  }
  if (level !== "") write("}", source.length);
  return { text, origins: [...origins, source.length] };
}

export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

export function isLetter(character: string | undefined): boolean {
  return character !== undefined && ((character >= "a" && character <= "z") || (character >= "A" && character <= "Z"));
}
