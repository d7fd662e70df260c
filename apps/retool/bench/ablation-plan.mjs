// What the page on ablations measures: runs of training, each from its newest state or from another run's, and evaluations of them.

const plain = ["sandbox.helpers=false", "sft.stages.0.snippets=plain", "sft.stages.1.snippets=plain"];
const hard = "data.train.levelWeights=[1,1,4]";

/** Runs by name; those with `from` begin at the newest checkpoint of that run. Cold starts keep the checkpoints of both of their stages. */
export const RUNS = {
  "cold-start": { command: "sft", set: ["train.keepCheckpoints=9"] },
  plain: { command: "sft", set: ["train.keepCheckpoints=9", ...plain] },
  ...seeds("rl", "cold-start", []),
  ...seeds("no-mask", "cold-start", ["train.maskToolTokens=false"]),
  ...seeds("ppo", "cold-start", ["train.advantage=gae"]),
  ...seeds("hard", "cold-start", [hard]),
  "plain-rl": { command: "train", from: "plain", set: [] },
};

function seeds(name, from, set) {
  return Object.fromEntries([1, 2].map((seed) => [`${name}-${seed}`, { command: "train", from, set: [...set, `seed=${seed}`] }]));
}

const level3 = "data.test.levelWeights=[0,0,1]";
const POLICIES = { code: ["cold-start", "code"], cold: ["cold-start"], "rl-1": ["rl-1"], "rl-2": ["rl-2"] };
const CHANGES = {
  usual: [],
  level3: [level3],
  reordered: ["data.test.wordings=reordered"],
  newWords: ["data.test.wordings=newWords"],
  noHelpers: ["sandbox.helpers=false"],
};

/** Evaluations by name: the run, whether its code stage instead of its end, and settings. */
export const EVALUATIONS = Object.fromEntries([
  ...Object.entries(POLICIES).flatMap(([policy, [run, stage]]) =>
    Object.entries(CHANGES).map(([change, set]) => [`${policy} ${change}`, { run, stage, set, samples: 1 }]),
  ),
  ["hard-1 usual", { run: "hard-1", set: [], samples: 1 }],
  ["hard-1 level3", { run: "hard-1", set: [level3], samples: 1 }],
  ["hard-2 level3", { run: "hard-2", set: [level3], samples: 1 }],
  ["plain code", { run: "plain", stage: "code", set: [], samples: 1 }],
  ["plain cold", { run: "plain", set: [], samples: 1 }],
  ["plain rl", { run: "plain-rl", set: [], samples: 1 }],
  ["cache", { run: "rl-1", set: [], samples: 8 }],
  ["no cache", { run: "rl-1", set: ["sampler.reuseCache=false"], samples: 8 }],
]);
