"""A Llama checkpoint of random weights, the same bytes everywhere: something to measure that nobody has to download.

    make_model.py FOLDER [--preset tiny|small|bench] [--seed N]

The numbers come from numpy's RandomState, whose stream never changes. Every linear layer keeps the size of what goes
through it, and the head's outputs spread as a trained model's do, so that the likeliest token is likelier than the others by
more than rounding. The tokenizer is of bytes and of pairs made up of common letters. Needs numpy and nothing else.
"""

import argparse
import hashlib
import itertools
import json
import pathlib

import numpy

# hidden size, layers, heads, heads of keys and values, width of the feed-forward part, vocabulary
PRESETS = {
    "tiny": (64, 2, 4, 2, 176, 512),
    "small": (256, 4, 8, 4, 704, 2048),
    "bench": (768, 12, 12, 4, 2048, 32000),
}
SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>"]
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
CONTEXT = 4096
# of the weights that published figures are about: preset "bench", seed 0
EXPECTED = "fb7245f3a699533d0c5f83b5df3e4c6bb7b4189bdf4adbb32896e196f04328d2"
CHAT = (
    "{% for m in messages %}<|bos|>{{ m['role'] }}\n{{ m['content'] }}<|eos|>{% endfor %}"
    "{% if add_generation_prompt %}<|bos|>assistant\n{% endif %}"
)


def tensors(preset, seed):
    """Name, shape and values as bf16 bits, in the order in which they are drawn."""
    hidden, layers, heads, kv_heads, width, vocabulary = PRESETS[preset]
    kv = kv_heads * (hidden // heads)
    random = numpy.random.RandomState(seed)
    calm = 1 / numpy.sqrt(2 * layers)  # layers add up to about the size of their input

    def drawn(rows, columns, scale):
        return (random.standard_normal((rows, columns)) * scale).astype(numpy.float32)

    def ones():
        return numpy.ones(hidden, numpy.float32)

    yield "model.embed_tokens.weight", drawn(vocabulary, hidden, 1.0)
    for index in range(layers):
        layer = f"model.layers.{index}."
        yield layer + "self_attn.q_proj.weight", drawn(hidden, hidden, hidden**-0.5)
        yield layer + "self_attn.k_proj.weight", drawn(kv, hidden, hidden**-0.5)
        yield layer + "self_attn.v_proj.weight", drawn(kv, hidden, hidden**-0.5)
        yield layer + "self_attn.o_proj.weight", drawn(hidden, hidden, calm * hidden**-0.5)
        yield layer + "mlp.gate_proj.weight", drawn(width, hidden, hidden**-0.5)
        yield layer + "mlp.up_proj.weight", drawn(width, hidden, hidden**-0.5)
        yield layer + "mlp.down_proj.weight", drawn(hidden, width, 2 * calm * width**-0.5)
        yield layer + "input_layernorm.weight", ones()
        yield layer + "post_attention_layernorm.weight", ones()
    yield "model.norm.weight", ones()
    yield "lm_head.weight", drawn(vocabulary, hidden, 3.0 * hidden**-0.5)


def bf16(values):
    """Rounded to the nearest, ties to even."""
    bits = values.view(numpy.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def write_safetensors(path, named):
    named = sorted((name, values.shape, bf16(values)) for name, values in named)
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape, data in named:
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, _, data in named:
            file.write(data)


def characters():
    """What stands for each byte in a vocabulary of bytes: itself where it can be printed, else one from 256 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    beyond = itertools.count(0x100)
    return [chr(byte if byte in printable else next(beyond)) for byte in range(256)]


def tokenizer(vocabulary):
    ids, merges = {}, []
    for token in SPECIAL + characters():
        ids[token] = len(ids)

    def merge(left, right):
        if len(ids) < vocabulary and left + right not in ids:
            ids[left + right] = len(ids)
            merges.append([left, right])

    for letter in LETTERS:
        merge("\u0120", letter)
    for left, right in itertools.product(LETTERS, repeat=2):
        merge(left, right)
    pairs = [left + right for left, right in itertools.product(LETTERS, repeat=2) if left + right in ids]
    for left, right in itertools.product(pairs, repeat=2):
        merge(left, right)
    assert len(ids) == vocabulary, f"only {len(ids)} of {vocabulary} tokens could be made"

    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False) | {"special": True}
    bos, text = {"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, "content": token, **flags} for index, token in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, text],
            "pair": [bos, text, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {SPECIAL[0]: {"id": SPECIAL[0], "ids": [0], "tokens": [SPECIAL[0]]}},
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": ids,
            "merges": merges,
        },
    }


def config(preset):
    hidden, layers, heads, kv_heads, width, vocabulary = PRESETS[preset]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": hidden // heads,
        "vocab_size": vocabulary,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        **ends(),
    }


def ends():
    return {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--preset", choices=PRESETS, default="bench")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder, preset = arguments.folder, arguments.preset
    folder.mkdir(parents=True, exist_ok=True)
    names = dict(zip(("bos_token", "eos_token", "pad_token"), SPECIAL))
    documents = {
        "config.json": config(preset),
        "generation_config.json": ends(),
        "tokenizer.json": tokenizer(PRESETS[preset][-1]),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": CONTEXT,
            "chat_template": CHAT,
            **names,
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    weights = folder / "model.safetensors"
    write_safetensors(weights, tensors(preset, arguments.seed))
    if (preset, arguments.seed) == ("bench", 0):
        with open(weights, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != EXPECTED:
            raise SystemExit(f"{weights}: sha256 {found}, {EXPECTED} expected: numpy drew other numbers")


if __name__ == "__main__":
    main()
