"""Ids and texts that the Rust tokenizers and sentencepiece give with vocabularies of real models, for compare-tokenizers.mjs.

    pip install transformers==5.17.0 sentencepiece protobuf gguf==0.19.0 mistral-common==1.13.1 tiktoken scikit-build-core
    python tokenizer_reference.py FOLDER [TEXTS.jsonl ...]
    node compare-tokenizers.mjs FOLDER

Downloads the packages with the vocabularies into FOLDER/packages (pip and npm), and writes FOLDER/texts.json and a folder for each vocabulary.
"""
import json
import pathlib
import random
import shutil
import sys

from tokenizers import Tokenizer

from hard_texts import hard_texts
from real_vocabularies import SentencePieceReference, fetch, proto_of_gguf, smollm2, tokenizers_of

RANDOM_SEQUENCES = 2000


def write(folder, reference, texts, size, least=0):
    """One line a text: its ids and the text of those, with and without control tokens; then random ids."""
    draw = random.Random(11)
    sequences = [[draw.randrange(least, size) for _ in range(draw.randint(1, 20))] for _ in range(RANDOM_SEQUENCES)]
    with open(folder / "expected.jsonl", "w") as file:
        for ids in [reference.encode(text) for text in texts] + sequences:
            file.write(json.dumps([ids, *reference.decode(ids)]) + "\n")


class Rust:
    """A `tokenizers.Tokenizer`, without what its post-processor adds."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return [self.tokenizer.decode(ids, skip_special_tokens=skip) for skip in (False, True)]


class SentencePiece(SentencePieceReference):
    """sentencepiece, which leaves out control tokens in either case."""

    def decode(self, ids):
        return [super().decode(ids)]


def main(folder, files):
    packages = fetch(folder / "packages")
    texts = hard_texts(files)
    (folder / "texts.json").write_text(json.dumps(texts))
    for name, tokenizer, config in tokenizers_of(packages):
        case = folder / "cases" / name
        case.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(case / "tokenizer.json"))
        (case / "tokenizer_config.json").write_text(json.dumps(config))
        added = tokenizer.encode("x").ids
        (case / "about.json").write_text(json.dumps({"beginning": added[: len(added) - len(Rust(tokenizer).encode("x"))]}))
        write(case, Rust(tokenizer), texts, tokenizer.get_vocab_size())
        print(name, len(texts), flush=True)
    vendored = next(packages.glob("llama_cpp_python/*/vendor/llama.cpp/models"))
    references = {case.name: Rust(Tokenizer.from_file(str(case / "tokenizer.json"))) for case in (folder / "cases").iterdir() if (case / "tokenizer.json").exists()}
    spm = vendored / "ggml-vocab-llama-spm.gguf"
    path, smol = smollm2(packages)
    gguf_files = {
        "gguf-llama2": (spm, SentencePiece(proto_of_gguf(spm)), {"untrusted": True}),
        "gguf-llama3": (vendored / "ggml-vocab-llama-bpe.gguf", references["llama3"], {"beginning": [128000]}),
        "gguf-qwen2": (vendored / "ggml-vocab-qwen2.gguf", references["qwen2-tiktoken"], {}),
        "gguf-smollm2": (path, Rust(smol), {}),
    }
    for name, (source, reference, about) in gguf_files.items():
        case = folder / "cases" / name
        case.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, case / "model.gguf")
        (case / "about.json").write_text(json.dumps(about))
        write(case, reference, texts, 32000, least=3)  # sentencepiece has a sign of its own for unknown tokens
        print(name, len(texts), flush=True)


main(pathlib.Path(sys.argv[1]), sys.argv[2:])
