/** Functions by their plain name; the parser knows how many arguments each takes. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set(
  "sin cos tan cot sec csc arcsin arccos arctan arccot asin acos atan sinh cosh tanh ln log lg exp sqrt cbrt pi infty infinity inf floor ceil abs gcd lcm min max".split(
    " ",
  ),
);

/** Letters with a name. `\pi` is a constant and not among them. */
export const GREEK_NAMES: ReadonlySet<string> = new Set(
  "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell".split(
    " ",
  ),
);

/** Marks above a letter that make another letter of it. */
export const DECORATIONS: ReadonlySet<string> = new Set("overline vec hat bar tilde widehat overrightarrow".split(" "));

/** Units by the name they are compared under. */
const UNITS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "inch inches in", "foot feet ft", "yard yards yd yds", "mile miles mi", "millimeter millimeters millimetre millimetres mm",
    "centimeter centimeters centimetre centimetres cm", "meter meters metre metres m", "kilometer kilometers kilometre kilometres km",
    "gram grams g", "kilogram kilograms kg", "pound pounds lb lbs", "ounce ounces oz", "second seconds sec s", "minute minutes min",
    "hour hours hr hrs h", "day days", "week weeks", "month months", "year years yr yrs", "dollar dollars usd", "cent cents", "euro euros",
    "degree degrees deg", "percent", "mph", "liter liters litre litres l", "milliliter milliliters ml", "radian radians rad",
    "unit units", "square squares sq", "cubic", "people person persons", "way ways", "student students", "apple apples", "point points",
  ].flatMap((line) => line.split(" ").map((word) => [word, line.split(" ")[0]!])),
); // prettier-ignore

/** Words with two or more letters that stand for a unit, where letters could be variables side by side. */
export function isUnitWord(word: string): boolean {
  return word.length > 1 && word !== "in" && Object.hasOwn(UNITS, word);
}

/** Words behind a number that multiply it. */
export const SCALE_WORDS: ReadonlyMap<string, bigint> = new Map([
  ["dozen", 12n],
  ["hundred", 100n],
  ["thousand", 1_000n],
  ["million", 1_000_000n],
  ["billion", 1_000_000_000n],
  ["trillion", 1_000_000_000_000n],
]);

const ARITHMETIC_WORDS = new Set(
  "squared cubed factorial half halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths seventh sevenths eighth eighths ninth ninths tenth tenths hundredth hundredths thousandth thousandths millionth millionths root over times plus minus divided multiplied more less fewer than least most not no or and but mod modulo choose percentage except unless if else versus vs to power".split(
    " ",
  ),
);

/** A word that changes a number, or says that it is not the answer: behind a value it is no unit. */
export function isArithmeticWord(word: string): boolean {
  const lower = word.toLowerCase();
  return ARITHMETIC_WORDS.has(lower) || NUMBER_WORDS.has(lower) || SCALE_WORDS.has(lower);
}

/** `square inches` and `in^2` under one name: `inch^2`; `km/h` and `kilometers per hour`: `kilometer/hour`. */
export function canonicalUnit(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9^/° ]/g, " ").replace(/\//g, " per ").split(" ").filter((word) => word !== "" && word !== "of"); // prettier-ignore
  let exponent = "";
  const names: string[] = [];
  for (const word of words) {
    const caret = word.indexOf("^");
    const plain = caret < 0 ? word : word.slice(0, caret);
    const name = Object.hasOwn(UNITS, plain) ? UNITS[plain]! : plain.length > 3 && plain.endsWith("s") ? plain.slice(0, -1) : plain;
    if (name === "square") exponent = "^2";
    else if (name === "cubic") exponent = "^3";
    else if (name === "mph") names.push("mile", "per", "hour");
    else if (name !== "unit" && name !== "") names.push(name + (caret < 0 ? "" : word.slice(caret)));
  }
  return names.length === 0 ? "" : names.join(" ") + exponent;
}

/** Numbers that a base may be written as: `52_{\text{eight}}`. */
export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    .split(" ")
    .map((word, value) => [word, value]),
);
