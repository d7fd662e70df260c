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

/** `square inches` and `in^2` under one name: `inch^2`. */
export function canonicalUnit(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9^/° ]/g, " ").split(" ").filter((word) => word !== "" && word !== "of"); // prettier-ignore
  let exponent = "";
  const names: string[] = [];
  for (const word of words) {
    const caret = word.indexOf("^");
    const plain = caret < 0 ? word : word.slice(0, caret);
    const name = Object.hasOwn(UNITS, plain) ? UNITS[plain]! : plain.length > 3 && plain.endsWith("s") ? plain.slice(0, -1) : plain;
    if (name === "square") exponent = "^2";
    else if (name === "cubic") exponent = "^3";
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
