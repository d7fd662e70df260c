/** Purposes of a piece of code, after the categories that "ReTool" found (https://arxiv.org/abs/2504.11536), figure 5. */
export const CODE_PURPOSES = [
  "calculation",
  "verification",
  "search",
  "number theory",
  "symbolic algebra",
  "simulation",
  "probability",
  "geometry",
  "optimization",
  "data handling",
  "other",
] as const;

/**
 * - `calculation`: a formula with numbers; `simulation`: a recurrence or process, step by step; `search`: going through cases.
 * - `number theory`: divisors, primes, residues, digits; `symbolic algebra`: a computer algebra system, or equations to be solved.
 * - `probability`, `geometry`, `optimization`, `data handling`: by their vocabulary, in the code or in the text before it.
 * - `verification`: to check what was found before; `other`: none of these.
 */
export type CodePurpose = (typeof CODE_PURPOSES)[number];

/** Names in code that tell its subject, in the order in which they are asked. */
export const CODE_WORDS: readonly (readonly [purpose: CodePurpose, pattern: RegExp])[] = [
  [
    "symbolic algebra",
    /\b(sympy|symbols|solve|solve[A-Z_]\w*|solveset|nsolve|simplify|expand|factor_list|integrate|diff|limit|Eq|Rational|nerdamer|algebrite|linalg|discriminant|pivot|poly_?(mul|add|nomial)\w*)\b/,
  ],
  ["probability", /\b(?:prob(?!lem)\w*|\w*(probab|likelihood|binomial|expected_?val|monte_?carlo|trials)\w*)\b/i],
  ["probability", /\b(random|Math\.random|randint|randrange)\b/],
  [
    "geometry",
    /\b(hypot|atan2?|acos|asin|sin|cos|tan|radians|degrees|area|perimeter|circum\w+|triangle|circle|radius|angle|distance|polygon|diagonal|volume|hypotenuse|midpoint|Point|Math\.PI|math\.pi)\b/i,
  ],
  ["optimization", /\b(minimize|maximize|linprog|argmin|argmax|optimum|optimal|gradient|learning_?rate|best\w*)\b/i],
  [
    "number theory",
    /\b(gcd|lcm|is_?prime|primes?|sieve|prime_?factors?|factors|factor(?=\()|factorint|factori[sz]e|divisors?|totient|phi|mod_?pow|pow_?mod|modinv|inverse_mod|crt|digits?|digit_?sum|sum_?digits)\b/i,
  ],
  ["number theory", /%\s*10n?\b[^]*\/\/?=?\s*10n?\b|\b(\w+), ?(\w+)\s*=\s*\2, ?\1\s*%\s*\2\b/],
  ["number theory", /\bpow\([^,()]+,[^,()]+,[^()]+\)/],
  ["number theory", /\bint\(\w+\) for \w+ in str\(|\bString\([^()]*\)\s*\.split\(|\.toString\(\s*\)\s*\.split\(|\[\.\.\.String\(/],
  ["search", /\b(product|permutations|combinations|itertools|backtrack\w*|dfs|bfs|brute_?force|candidates?|solutions)\b(?!\s*$)/i],
];

/** Names that tell of lists, tables and text rather than of one subject. */
export const DATA_WORDS =
  /\b(split|splitlines|join|sorted|sort|reverse|Counter|defaultdict|groupby|re\.\w+|csv|JSON|json|replace|strip|match|matchAll|unique|pandas|DataFrame|statistics|mean|median|stdev|Map|Set|toString|charAt|charCodeAt)\b|\/\s*(?:len\(\w+\)|\w+\.length)/;

/** What the text before the code says it is about, in the order in which they are asked. */
export const CONTEXT_WORDS: readonly (readonly [purpose: CodePurpose, pattern: RegExp])[] = [
  [
    "probability",
    /\b(probab\w+|likelihood|likely|chances? (?:of|that)|odds|expected (?:value|number|time|payoff|gain)|dice|fair (?:coin|die)|toss\w*|rolls?|without replacement|at random|random\w*|Bayes\w*)\b/i,
  ],
  [
    "geometry",
    /\b(area|perimeter|triang\w+|circ(?:le|umcent\w+|umradius)|radi(?:us|i)|diameter|angles?|diagonal|rectangle|polygon|shaded|volume|cylinder|cone|sphere|prism|pyramid|trapez\w+|hexagon|hypotenuse|Heron\w*|Pythag\w+|midpoint|chords?|tangent|inradius|perpendicular|coordinates|law of (?:co)?sines)\b/i,
  ],
  [
    "optimization",
    /\b(minimi[sz]\w*|maximi[sz]\w*|minimal|maximal|minimum|maximum|optim(?:al|um|i[sz]\w+)|cheapest|shortest|(?:largest|greatest|smallest|least|lowest|highest|fewest) (?:possible|value|profit|cost|area|product|sum|point|amount|number of)|gradient descent|linear program\w*|knapsack)\b/i,
  ],
  [
    "symbolic algebra",
    /\b(solv(?:e|ing) (?:for|the|this|these) ?(?:\w+ )?(?:equations?|systems?|[a-z]\b)|equations|unknowns?|eliminat(?:e|ing|ion)|Cramer\w*|roots? (?:of|are)|expand\w*|coefficients?|simplif(?:y|ying)|factor(?:ing|i[sz]e|i[sz]ing)? the (?:polynomial|expression|quadratic)|derivative|differentiat\w+|integra(?:l|te))\b/i,
  ],
  [
    "number theory",
    /\b(divisors?|divisib\w+|primes?|prime factors?|modul(?:o|us|ar)|remainders?|congruen\w+|gcd|lcm|coprime|totient|(?:sum of (?:the|its) )?digits of|digit sums?|trailing zeros|factors? of|multiples? of|palindrom\w+|perfect squares?)\b/i,
  ],
  [
    "data handling",
    /\b(sort(?:ed|ing)?|median|mode of|mean of|averages? of (?:the|these)|standard deviation|variance of|pars(?:e|ing)|duplicates|group(?:ed)? (?:the|by)|rows|columns|data ?(?:set|frame)?|how often|frequenc(?:y|ies))\b/i,
  ],
];

/** What the text says of a loop that follows it. */
export const CONTEXT_OF_LOOPS: readonly (readonly [purpose: CodePurpose, pattern: RegExp])[] = [
  [
    "search",
    /\b(brute[- ]?forc\w+|(?:try|trying|test|testing|check|checking|go(?:ing)? (?:through|over)|look(?:ing)? at|loop(?:ing)? (?:over|through)|enumerat\w+|list) (?:all|every|each|values|possib\w+|pairs|combinations)|enumerat\w+|exhausti\w+|backtrack\w*|search\w*)\b/i,
  ],
  [
    "simulation",
    /\b(simulat\w+|step[- ]by[- ]step|(?:day|month|year|hour|minute|round|turn) by (?:day|month|year|hour|minute|round|turn)|each (?:day|hour|year|step|round|month|turn|minute|second|week)|process|play(?:ing)? out|in turn|recurrence|recursion|sequence|iterat\w+|Fibonacci|(?:next|n-?th|\d+th) term)\b/i,
  ],
];

/** The text announces a check of what was found. */
export const CONTEXT_OF_CHECKS =
  /\b(verif\w+|confirm\w*|(?:double|cross|re)[- ]?check\w*|sanity check|make sure|check (?:that|if|whether|our|my|the (?:result|answer))|(?:see|test) (?:if|whether|the answer)|checking(?=:|\.?\s*$))/i;
