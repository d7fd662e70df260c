"""Runs tinker-cookbook's own RL loop against a server, on a task that a tiny random model can learn: answer in lower-case letters.

Usage: cookbook_rl.py BASE_URL MODEL LOG_FOLDER STEPS, where MODEL is the folder of its tokenizer too.
Prints one line of JSON: the mean reward of each step.
"""
import asyncio
import json
import logging
import os
import sys
import warnings
from functools import partial
from pathlib import Path

warnings.filterwarnings("ignore")
os.environ.setdefault("TINKER_API_KEY", "tml-local")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import chz  # noqa: E402
from tinker_cookbook import renderers  # noqa: E402
from tinker_cookbook.rl import train  # noqa: E402
from tinker_cookbook.rl.problem_env import ProblemEnv, ProblemGroupBuilder  # noqa: E402
from tinker_cookbook.rl.types import RLDataset, RLDatasetBuilder, StepResult  # noqa: E402
from tinker_cookbook.tokenizer_utils import get_tokenizer  # noqa: E402

WORDS = ["moon", "river", "stone", "cloud"]


class LettersEnv(ProblemEnv):
    """The reward is the share of the tokens that are lower-case letters."""

    def __init__(self, word, renderer):
        super().__init__(renderer)
        self.word = word

    def get_question(self):
        return f"Spell {self.word}"

    def check_answer(self, sample_str):
        return True

    def check_format(self, sample_str):
        return True

    def get_reference_answer(self):
        return self.word

    async def step(self, action, *, extra=None):
        result = await super().step(action, extra=extra)
        share = sum(ord("a") <= token <= ord("z") for token in action) / max(1, len(action))
        return StepResult(**{**result.__dict__, "reward": share})


class LettersDataset(RLDataset):
    def __init__(self, renderer, group_size, steps):
        self.renderer, self.group_size, self.steps = renderer, group_size, steps

    def get_batch(self, index):
        return [ProblemGroupBuilder(env_thunk=partial(LettersEnv, word, self.renderer), num_envs=self.group_size) for word in WORDS]

    def __len__(self):
        return self.steps


@chz.chz
class LettersDatasetBuilder(RLDatasetBuilder):
    tokenizer: str
    group_size: int
    steps: int

    async def __call__(self):
        renderer = renderers.get_renderer("role_colon", tokenizer=get_tokenizer(self.tokenizer))
        return LettersDataset(renderer, self.group_size, self.steps), None


base_url, model, logs, steps = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
logging.disable(logging.INFO)
config = train.Config(
    log_path=str(logs), model_name=model, recipe_name="letters", renderer_name="role_colon", base_url=base_url, lora_rank=8, learning_rate=2e-2,
    max_tokens=8, dataset_builder=LettersDatasetBuilder(tokenizer=model, group_size=8, steps=steps), eval_every=0, save_every=0, max_steps=steps)
asyncio.run(train.main(config))
rows = [json.loads(line) for line in (logs / "metrics.jsonl").read_text().splitlines()]
print(json.dumps([row["env/all/reward/total"] for row in rows]))
