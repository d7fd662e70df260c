"""CPU seconds of GRPO steps of TRL on the work of step.mjs: median over the steps themselves, without the start and end of train().

Usage: python step_peer.py [steps]. Prints one JSON line; the first step warms up and does not count.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import warnings

os.environ.update(TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
warnings.filterwarnings("ignore")

from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, TrainerCallback  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
PROMPTS, GROUP, PROMPT_TOKENS, NEW_TOKENS = 8, 8, 32, 128

words = {f"t{i}": i for i in range(510)} | {"<eos>": 510, "<pad>": 511}
split = Tokenizer(models.WordLevel(words, unk_token="t0"))
split.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=split, eos_token="<eos>", pad_token="<pad>", padding_side="left")
model = Qwen2ForCausalLM(
    Qwen2Config(
        vocab_size=512,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=510,
        pad_token_id=511,
    )
)
prompts = [" ".join(f"t{(p * 37 + j * 11) % 510}" for j in range(PROMPT_TOKENS)) for p in range(PROMPTS)]


class StepClock(TrainerCallback):
    """Notes the processor time from the beginning of a step, which samples first, to its end."""

    def __init__(self):
        self.seconds = []

    def on_step_begin(self, *_args, **_kwargs):
        self.started = time.process_time()

    def on_step_end(self, *_args, **_kwargs):
        self.seconds.append(time.process_time() - self.started)


def reward(completions, **_kwargs):
    return [completion.count("t1") / 100 for completion in completions]


clock = StepClock()
with tempfile.TemporaryDirectory() as folder:
    config = GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=PROMPTS * GROUP,
        num_generations=GROUP,
        max_completion_length=NEW_TOKENS,
        generation_kwargs={"min_new_tokens": NEW_TOKENS},
        max_steps=STEPS + 1,
        beta=0.0,
        learning_rate=1e-4,
        temperature=1.0,
        report_to=[],
        save_strategy="no",
        logging_steps=1000,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        disable_tqdm=True,
    )
    GRPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts * GROUP]),
        reward_funcs=reward,
        processing_class=tokenizer,
        callbacks=[clock],
    ).train()
print(json.dumps({"peer": "trl", "steps": STEPS, "cpu_s_per_step": round(statistics.median(clock.seconds[1:]), 4)}))
