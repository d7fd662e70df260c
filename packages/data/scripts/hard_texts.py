"""Texts that tokenizers tend to differ on: seeded, so that every run has the same ones."""
import json
import pathlib
import random
import unicodedata

FRAGMENTS = [
    # words, contractions and digits
    "the", "The", " the", "sum", "gcd", "answer", "Don't", "DON'T", "don’t", "we'll", "I'M", "'s", "'S", "'ſ", "'re", "x'", "'", "’", "naïve", "Straße", "İstanbul", "ﬁn", "Ǆ", "ǅ", "ß", "ẞ",
    "0", "7", "42", "123", "1234", "12345678901234567890", "3.14159", "1,000,000", "-5", "1e-9", "0x1F", "²", "½", "Ⅳ", "①", "٤٢", "४२", "๑๒", "𝟙𝟚", "𝟘",
    # code and mathematics
    "def f(n):\n    return n if n < 2 else f(n - 1)", "const a = [...xs].map((x) => x ** 2);\n", "for (let i = 0; i < n; i++) {\n\t\tsum += i;\n\t}", "`${a}`", "=>", "===", "!=", "&&", "//", "/*", "*/", "#", "\"\"\"",
    "\\boxed{17}", "\\frac{1}{2}", "$x^2$", "\\(", "\\]", "{", "}", "()", "));", "__init__", "snake_case_2", "<code>", "</code>", "<interpreter>", "</answer>", "<think>", "<tool_call>", "</tool_call>",
    # control tokens and what looks like them
    "<s>", "</s>", "<unk>", "<pad>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|reserved_special_token_0|>", "<|python_tag|>",
    "[INST]", "[/INST]", "[TOOL_CALLS]", "[control_8]", "<|im_start", "im_end|>", "<<s>>", "< s>", "<S>", "<0x41>", "<0xE2>", "<|", "|>", "<", ">",
    # blanks
    " ", "  ", "   ", "    ", "        ", "\t", "\t\t", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\r\n\r\n", " \n", "\n ", " \n ", "\t\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200d", "\u2060", "\ufeff", "\u0085", "\u2028", "\u2029", "\u000b", "\u000c", "\u001c", "\u180e", "\u1680",
    "▁", "▁▁", "Ġ", "Ċ",
    # scripts
    "数学の答えは", "四十二", "中文字符", "한국어", "한", "слово", "ΑΒΓ", "ς", "שלום", "שָׁלוֹם", "مرحبا", "السَّلَام", "नमस्ते", "ไทย", "ภาษา", "தமிழ்", "বাংলা", "ქართული", "Հայ", "አማርኛ", "ខ្មែរ", "မြန်မာ", "བོད", "ᚠᚢᚦ", "𐌰𐌱", "𒀀", "ꦗꦮ", "𞤀𞤣",
    # signs, emoji, combining marks in both normal forms, the ends of Unicode
    "🙂", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "1️⃣", "❤️", "©", "™", "€", "…", "—", "“", "”", "√", "∑", "≠", "→", "é", "e\u0301", "Å", "A\u030a", "\u212b", "ñ", "n\u0303", "가", "\u1100\u1161", "q\u0307\u0323", "q\u0323\u0307", "\u0344", "\u0958", "\u2126", "\ufb1d", "豈",
    "\u0000", "\u0001", "\u001f", "\u007f", "\u0080", "\u00ad", "\ufffd", "\uffff", "\ue000", "\U000e0041", "\U0010ffff", "\U0001fae8", "\u0600", "\u061c", "\u202e",
]  # fmt: skip

EDGES = ["", " ", "  ", " a", "a ", "  a  ", "\n", "\na", "a\n", "\r\n", "\t", "a" * 300, " " * 100, "\n" * 70, "\t" * 40, "=" * 200, "-" * 97, "0" * 60, "9" * 100, "ab" * 100, "é" * 80, "한" * 80, "🙂" * 40, "." * 150, "a b " * 60, " \n" * 40, "▁" * 20]

BLOCKS = [(0x20, 0x7F), (0x80, 0x250), (0x250, 0x500), (0x500, 0x900), (0x900, 0x1200), (0x1200, 0x2000), (0x2000, 0x2C00), (0x2C00, 0x3100), (0x3100, 0x4E00), (0x4E00, 0xA000), (0xA000, 0xD800), (0xE000, 0x10000), (0x10000, 0x12000), (0x12000, 0x1F000), (0x1F000, 0x1FB00), (0x1FB00, 0x30000), (0xE0000, 0xE0200)]  # fmt: skip


def glued(draw):
    """Fragments in a row, some with a blank between."""
    joint = draw.choice(["", "", "", " "])
    return joint.join(draw.choice(FRAGMENTS) for _ in range(draw.randint(1, 12)))


def random_unicode(draw):
    """Characters of one or two blocks, sometimes with blanks, in a random normal form."""
    blocks = [draw.choice(BLOCKS) for _ in range(draw.randint(1, 2))]
    letters = [chr(draw.randrange(*draw.choice(blocks))) if draw.random() < 0.85 else draw.choice(" \n\t'0") for _ in range(draw.randint(1, 30))]
    return unicodedata.normalize(draw.choice(["NFC", "NFD", "NFKC", "NFKD"]), "".join(letters)) if draw.random() < 0.4 else "".join(letters)


def strings_in(value):
    """Every string in parsed JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings_in(part)


def texts_of_file(path):
    """Strings of a `.jsonl` file, or a file's own paragraphs; at most 4,000 characters each."""
    text = pathlib.Path(path).read_text()
    found = [part for line in text.splitlines() if line for part in strings_in(json.loads(line))] if str(path).endswith(".jsonl") else text.split("\n\n")
    return [part[:4000] for part in found if part]


def hard_texts(files, seed=7):
    """Edges, then 14,000 glued and 10,000 random texts, then those of files; without repetition."""
    draw = random.Random(seed)
    made = EDGES + FRAGMENTS + [glued(draw) for _ in range(14_000)] + [random_unicode(draw) for _ in range(10_000)]
    return list(dict.fromkeys(made + [text for path in files for text in texts_of_file(path)]))
