import { NoValue, Undecided } from "./budget.js";
import * as complex from "./complex.js";
import type { Complex } from "./complex.js";
import { pi } from "./elementary.js";
import { exactValue } from "./exact.js";
import { fromRational, Imprecise, type Precision } from "./interval.js";
import { integer, type Rational } from "./rational.js";
import { hasValue, type Node } from "./tree.js";

/** Encloses the value of an expression without variables. */
export function enclose(node: Node, precision: Precision): Complex {
  const { meter } = precision;
  meter.spend(200);
  if (!hasValue(node)) throw new NoValue(`a ${node.kind} is no number`);
  const exact = exactValue(node, meter);
  if (exact !== undefined) return complex.real(fromRational(exact, precision));
  const value = (child: Node) => enclose(child, precision);
  switch (node.kind) {
    case "number":
      return complex.real(fromRational(node.value, precision));
    case "constant":
      return constant(node.name, precision);
    case "add":
      return node.args.map(value).reduce(complex.add);
    case "multiply":
      return node.args.map(value).reduce((a, b) => complex.multiply(a, b, precision));
    case "negate":
      return complex.negate(value(node.arg));
    case "divide":
      return complex.multiply(value(node.args[0]), complex.reciprocal(value(node.args[1]), precision), precision);
    case "percent":
      return complex.multiply(value(node.arg), complex.real(fromRational({ n: 1n, d: 100n }, precision)), precision);
    case "degrees": {
      const perDegree = complex.multiply(complex.real(pi(precision)), complex.real(fromRational({ n: 1n, d: 180n }, precision)), precision);
      return complex.multiply(value(node.arg), perDegree, precision);
    }
    case "power":
      return powerOf(node.args[0], node.args[1], precision);
    case "call":
      return call(node.name, node.args, precision);
    case "symbol":
      throw new Undecided(`the variable ${node.name.slice(0, 20)} has no value`);
  }
}

function constant(name: "pi" | "e" | "i" | "infinity", precision: Precision): Complex {
  switch (name) {
    case "pi":
      return complex.real(pi(precision));
    case "e":
      return complex.exponential(complex.real(fromRational(integer(1), precision)), precision);
    case "i":
      return complex.imaginaryUnit(precision);
    case "infinity":
      throw new NoValue("infinity is no number");
  }
}

function powerOf(baseNode: Node, exponentNode: Node, precision: Precision): Complex {
  const exponent = exactValue(exponentNode, precision.meter);
  if (exponent !== undefined && exponent.d <= 64n && (exponent.n < 0n ? -exponent.n : exponent.n) <= 20_000n) {
    const root = enclose(baseNode, precision);
    const isCostly = exponent.d > 8n && complex.isReal(root) && root.re.lo > 0n; // a logarithm costs less than a root of high order
    if (!isCostly) return rationalPower(root, exponent, precision);
  }
  if (baseNode.kind === "constant" && baseNode.name === "e") return complex.exponential(enclose(exponentNode, precision), precision);
  const base = enclose(baseNode, precision);
  if (!complex.isReal(base)) throw new NoValue("a general power of a complex number");
  return complex.exponential(complex.multiply(enclose(exponentNode, precision), complex.logarithm(base, precision), precision), precision);
}

function rationalPower(base: Complex, { n, d }: Rational, precision: Precision): Complex {
  if (d === 1n) return complex.integerPower(base, n, precision);
  return complex.integerPower(complex.rootOf(base, Number(d), precision), n, precision);
}

function call(name: string, args: readonly Node[], precision: Precision): Complex {
  const first = enclose(args[0]!, precision);
  switch (name) {
    case "root": {
      const order = exactValue(args[1]!, precision.meter);
      if (order === undefined || order.d !== 1n || order.n < 2n || order.n > 64n) throw new Undecided("a root of an unusual order");
      return complex.rootOf(first, Number(order.n), precision);
    }
    case "abs":
      return complex.absolute(first, precision);
    case "exp":
      return complex.exponential(first, precision);
    case "ln":
      return complex.logarithm(first, precision);
    case "log": {
      const base = complex.logarithm(enclose(args[1]!, precision), precision);
      return complex.multiply(complex.logarithm(first, precision), complex.reciprocal(base, precision), precision);
    }
    case "floor":
    case "ceil": {
      if (!complex.isReal(first)) throw new NoValue(`${name} of a complex number`);
      const shift = BigInt(precision.bits);
      const round = (x: bigint) => (name === "floor" ? x >> shift : -(-x >> shift));
      if (round(first.re.lo) !== round(first.re.hi)) throw new Imprecise(`${name} of a number that may be whole`);
      return complex.real(fromRational(integer(round(first.re.lo)), precision));
    }
    default:
      return complex.realFunction(name, first, precision);
  }
}
