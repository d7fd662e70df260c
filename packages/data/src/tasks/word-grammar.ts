import type { RandomStream } from "@retool-ts/core";
import type { Wordings } from "./task-family.js";

/** Words of one story: who acts, and two different things. */
export interface Scene {
  readonly name: string;
  readonly item: string;
  readonly other: string;
}

/** Words of training, and of stories that no training data has. */
const WORDS = {
  training: {
    names: ["tom", "ann", "sam", "eva", "ben", "mia", "leo", "ida"],
    items: ["pens", "books", "cups", "caps", "pears", "stamps", "cards", "nuts"],
  },
  newWords: { names: ["olga", "hugo", "vera"], items: ["lamps", "melons", "ropes", "coins"] },
} as const;

/** Draws the words of a story. */
export function drawScene(stream: RandomStream, words: Exclude<Wordings, "reordered">): Scene {
  const { names, items } = WORDS[words];
  const [item, other] = stream.shuffle(items);
  return { name: stream.pick(names), item: item!, other: other! };
}

/** A way of telling a story. */
export type Sentence = (scene: Scene) => string;

/** The texts of a word problem: sentences of training, the same words in another order, and new words. */
export interface Story {
  readonly training: readonly [Sentence, ...Sentence[]];
  readonly reordered: Sentence;
  readonly newWords: Sentence;
}

/** Tells a story in every wording. All sentences but the one with new words have one scene. */
export function tell(stream: RandomStream, { training, reordered, newWords }: Story) {
  const scene = drawScene(stream, "training");
  return {
    question: stream.pick(training)(scene),
    unseen: { reordered: reordered(scene), newWords: newWords(drawScene(stream, "newWords")) },
  };
}
