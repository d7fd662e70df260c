import { joinSteps } from "../steps.js";
import { drawByLength, slip, taskInstance, type TaskFamily, type TaskLevel } from "../task-family.js";
import { tell } from "../word-grammar.js";

/** Highest values by level. */
type Highest<Names extends string> = Readonly<Record<TaskLevel, Readonly<Record<Names, number>>>>;

const PURCHASE: Highest<"count" | "price"> = {
  1: { count: 9, price: 12 },
  2: { count: 19, price: 60 },
  3: { count: 99, price: 999 },
};

/** Two lots at their prices, and what is left of the money: two products, a sum and a difference. */
export const purchase: TaskFamily = {
  name: "purchase",
  description: "a word problem: two lots at their prices, and what is left of the money",
  generate(stream, level) {
    const { count, price } = PURCHASE[level];
    const [a, b] = [drawByLength(stream, 2, count), drawByLength(stream, 2, count)];
    const [p, q] = [drawByLength(stream, 2, price), drawByLength(stream, 2, price)];
    const cost = a * p + b * q;
    const money = cost + drawByLength(stream, 1, { 1: 30, 2: 400, 3: 9999 }[level]);
    const answer = money - cost;
    return taskInstance({
      key: `${money}-${a}*${p}-${b}*${q}`,
      ...tell(stream, {
        training: [
          ({ name, item, other }) => `${name} has ${money} and buys ${a} ${item} at ${p} and ${b} ${other} at ${q} how much is left`,
          ({ name, item, other }) => `${name} buys ${a} ${item} at ${p} and ${b} ${other} at ${q} and pays with ${money} how much is left`,
        ],
        reordered: ({ name, item, other }) =>
          `${name} buys ${a} ${item} at ${p} and ${b} ${other} at ${q} and has ${money} how much is left`,
        newWords: ({ name, item, other }) =>
          `${name} spends ${money} on ${a} ${item} at ${p} plus ${b} ${other} at ${q} what change remains`,
      }),
      answer,
      code: [`${money}-${a}*${p}-${b}*${q}`, `x=${a}*${p}+${b}*${q};${money}-x`],
      plainCode: `${money}-${a}*${p}-${b}*${q}`,
      steps: joinSteps([`${a}*${p}=${a * p}`, `${b}*${q}=${b * q}`, `${a * p}+${b * q}=${cost}`, `${money}-${cost}=${answer}`]),
      mistakes(random) {
        const [otherMoney, otherA] = [slip(random, money), slip(random, a)];
        return [
          { code: `${a}*${p}+${b}*${q}`, value: cost },
          { code: `${money}-${a}*${p}+${b}*${q}`, value: money - a * p + b * q },
          { code: `${otherMoney}-${a}*${p}-${b}*${q}`, value: otherMoney - cost },
          { code: `${money}-${otherA}*${p}-${b}*${q}`, value: money - otherA * p - b * q },
        ];
      },
    });
  },
};

const STOCK: Highest<"boxes" | "inside" | "days"> = {
  1: { boxes: 9, inside: 12, days: 5 },
  2: { boxes: 20, inside: 60, days: 9 },
  3: { boxes: 99, inside: 999, days: 30 },
};

/** Boxes of things, some of which go every day: two products and a difference. */
export const stock: TaskFamily = {
  name: "stock",
  description: "a word problem: boxes of things, some of which are sold every day",
  generate(stream, level) {
    const { boxes, inside, days: most } = STOCK[level];
    const [a, b, days] = [drawByLength(stream, 2, boxes), drawByLength(stream, 4, inside), drawByLength(stream, 2, most)];
    const daily = stream.integer(1, Math.max(1, Math.floor((a * b) / days)));
    const [all, gone] = [a * b, daily * days];
    const answer = all - gone;
    return taskInstance({
      key: `${a}*${b}-${daily}*${days}`,
      ...tell(stream, {
        training: [
          ({ name, item }) => `${name} has ${a} boxes of ${b} ${item} and sells ${daily} a day for ${days} days how many are left`,
          ({ item }) => `a shop has ${a} boxes of ${b} ${item} and sells ${daily} a day how many are left after ${days} days`,
        ],
        reordered: ({ item }) => `how many are left after ${days} days a shop sells ${daily} a day and has ${a} boxes of ${b} ${item}`,
        newWords: ({ name, item }) =>
          `${name} stores ${a} crates with ${b} ${item} and ships ${daily} daily what remains after ${days} days`,
      }),
      answer,
      code: [`${a}*${b}-${daily}*${days}`, `x=${a}*${b};x-${daily}*${days}`],
      plainCode: `${a}*${b}-${daily}*${days}`,
      steps: joinSteps([`${a}*${b}=${all}`, `${daily}*${days}=${gone}`, `${all}-${gone}=${answer}`]),
      mistakes(random) {
        const [otherA, otherDaily] = [slip(random, a), slip(random, daily)];
        return [
          { code: `${a}*${b}-${daily}`, value: all - daily },
          { code: `${a}*${b}+${daily}*${days}`, value: all + gone },
          { code: `${otherA}*${b}-${daily}*${days}`, value: otherA * b - gone },
          { code: `${a}*${b}-${otherDaily}*${days}`, value: all - otherDaily * days },
        ];
      },
    });
  },
};

const SHARING: Highest<"people" | "part" | "bags"> = {
  1: { people: 5, part: 12, bags: 6 },
  2: { people: 9, part: 90, bags: 12 },
  3: { people: 40, part: 999, bags: 60 },
};

/** Equal bags that are divided, with some kept: a product, a difference and a quotient. */
export const sharing: TaskFamily = {
  name: "sharing",
  description: "a word problem: equal bags that friends divide, after some things are kept",
  generate(stream, level) {
    const highest = SHARING[level];
    const [people, part, bags] = [
      drawByLength(stream, 2, highest.people),
      drawByLength(stream, 2, highest.part),
      drawByLength(stream, 2, highest.bags),
    ];
    const shared = people * part;
    const inside = Math.floor(shared / bags) + stream.integer(1, 3); // so that something is kept
    const kept = bags * inside - shared;
    return taskInstance({
      key: `(${bags}*${inside}-${kept})/${people}`,
      ...tell(stream, {
        training: [
          ({ name, item }) =>
            `${name} has ${bags} bags of ${inside} ${item} keeps ${kept} and gives the rest to ${people} friends how many has each`,
          ({ name, item }) => `${people} friends share ${bags} bags of ${inside} ${item} after ${name} keeps ${kept} how many has each`,
        ],
        reordered: ({ name, item }) =>
          `after ${name} keeps ${kept} of ${bags} bags of ${inside} ${item} ${people} friends share the rest how many has each`,
        newWords: ({ name, item }) =>
          `${name} splits ${bags} sacks with ${inside} ${item} among ${people} cousins but withholds ${kept} find one portion`,
      }),
      answer: part,
      code: [`(${bags}*${inside}-${kept})/${people}`, `x=${bags}*${inside}-${kept};x/${people}`],
      plainCode: `(${bags}*${inside}-${kept})/${people}`,
      steps: joinSteps([`${bags}*${inside}=${bags * inside}`, `${bags * inside}-${kept}=${shared}`, `${shared}/${people}=${part}`]),
      mistakes() {
        return [
          { code: `${bags}*${inside}-${kept}`, value: shared },
          { code: `(${bags}*${inside}-${kept})*${people}`, value: shared * people },
          { code: `(${bags + people}*${inside}-${kept})/${people}`, value: part + inside },
        ];
      },
    });
  },
};
