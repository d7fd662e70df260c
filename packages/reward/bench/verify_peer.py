"""Judges pairs {gold, prediction, equal} from standard input with Math-Verify, or with sympy's LaTeX parser where that is absent."""

import json
import statistics
import sys
import time

try:
    from math_verify import parse, verify

    PEER = "math-verify"

    def is_equal(gold, prediction):
        return verify(parse(as_maths(gold)), parse(as_maths(prediction)))

except ImportError:
    try:
        from sympy import simplify
        from sympy.parsing.latex import parse_latex

        parse_latex("1")
    except Exception as error:  # sympy names what it lacks
        sys.exit(f"neither math-verify nor sympy's LaTeX parser can be loaded: {error}")
    PEER = "sympy parse_latex and simplify"

    def is_equal(gold, prediction):
        return simplify(parse_latex(gold.strip("$")) - parse_latex(prediction.strip("$"))) == 0


def as_maths(answer):
    return answer if answer.startswith("$") else f"${answer}$"


def judged(pair):
    try:
        return bool(is_equal(pair["gold"], pair["prediction"]))
    except Exception:  # an answer that it cannot read is not accepted
        return False


pairs = [json.loads(line) for line in sys.stdin]
for pair in pairs[:20]:
    judged(pair)  # imports and caches before it is measured
milliseconds, agreed, false_accepts = [], 0, 0
started = time.process_time()
for pair in pairs:
    start = time.perf_counter()
    accepted = judged(pair)
    milliseconds.append(1000 * (time.perf_counter() - start))
    agreed += accepted == pair["equal"]
    false_accepts += accepted and not pair["equal"]
seconds = time.process_time() - started
figures = {
    "peer": PEER,
    "pairs": len(pairs),
    "agreement": round(agreed / len(pairs), 3),
    "false_accepts": false_accepts,
    "verdicts_per_cpu_s": round(len(pairs) / seconds, 1),
    "median_ms": round(statistics.median(milliseconds), 3),
    "worst_ms": round(max(milliseconds), 1),
}
print(json.dumps(figures))
