"""A Hugging Face folder of the Llama shape as one GGUF file, with nothing but the standard library.

GGUF is a header, metadata by key, a table of tensors, and their bytes, each aligned. llama.cpp rotates pairs of
neighbouring rows where Hugging Face rotates halves, so the rows of q and k are put in another order."""

import json
import pathlib
import struct

ALIGNMENT = 32
UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
INT32 = 5
F32, F16, BF16 = 0, 1, 30
TYPES = {"F32": (F32, 4), "F16": (F16, 2), "BF16": (BF16, 2)}


def text(value):
    value = value.encode()
    return struct.pack("<Q", len(value)) + value


def entry(key, kind, value):
    if kind == STRING:
        body = text(value)
    elif kind == ARRAY:
        of, items = value
        pack = text if of == STRING else lambda item: struct.pack("<i", item)
        body = struct.pack("<IQ", of, len(items)) + b"".join(map(pack, items))
    else:
        body = struct.pack("<f" if kind == FLOAT32 else "<I", value)
    return text(key) + struct.pack("<I", kind) + body


def interleaved(data, rows, heads):
    """Row 2i + j of each head is row j * half + i of Hugging Face's."""
    width, half = len(data) // rows, rows // heads // 2
    order = [head * 2 * half + j * half + i for head in range(heads) for i in range(half) for j in range(2)]
    return b"".join(data[row * width : (row + 1) * width] for row in order)


def widened(data, kind):
    """As f32, which norms have to be."""
    if kind == "F32":
        return data
    if kind == "BF16":
        return b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2))
    count = len(data) // 2
    return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", data))


def convert(folder, out):
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer.json").read_text())["model"]
    heads, kv_heads, layers = (
        config[key] for key in ("num_attention_heads", "num_key_value_heads", "num_hidden_layers")
    )
    tokens = sorted(tokenizer["vocab"], key=tokenizer["vocab"].get)
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["merges"]]
    end = config["eos_token_id"]
    metadata = [
        entry("general.architecture", STRING, "llama"),
        entry("general.name", STRING, folder.name),
        entry("general.alignment", UINT32, ALIGNMENT),
        entry("llama.context_length", UINT32, config["max_position_embeddings"]),
        entry("llama.embedding_length", UINT32, config["hidden_size"]),
        entry("llama.block_count", UINT32, layers),
        entry("llama.feed_forward_length", UINT32, config["intermediate_size"]),
        entry("llama.attention.head_count", UINT32, heads),
        entry("llama.attention.head_count_kv", UINT32, kv_heads),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, config["rms_norm_eps"]),
        entry("llama.rope.freq_base", FLOAT32, config["rope_theta"]),
        entry("llama.rope.dimension_count", UINT32, config["head_dim"]),
        entry("llama.vocab_size", UINT32, config["vocab_size"]),
        entry("tokenizer.ggml.model", STRING, "gpt2"),
        entry("tokenizer.ggml.pre", STRING, "gpt-2"),
        entry("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        entry("tokenizer.ggml.token_type", ARRAY, (INT32, [3 if token.startswith("<|") else 1 for token in tokens])),
        entry("tokenizer.ggml.merges", ARRAY, (STRING, merges)),
        entry("tokenizer.ggml.bos_token_id", UINT32, config["bos_token_id"]),
        entry("tokenizer.ggml.eos_token_id", UINT32, end),
        text("tokenizer.ggml.add_bos_token") + struct.pack("<I?", 7, False),
        entry("tokenizer.chat_template", STRING, TEMPLATE),
    ]
    names = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    names["lm_head.weight"] = "output.weight"
    parts = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    for layer in range(layers):
        for theirs, gguf in parts.items():
            names[f"model.layers.{layer}.{theirs}.weight"] = f"blk.{layer}.{gguf}.weight"

    raw = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    table = json.loads(raw[8 : 8 + length])
    table.pop("__metadata__", None)
    infos, blobs, offset = [], [], 0
    for name, tensor in table.items():
        start, stop = (8 + length + at for at in tensor["data_offsets"])
        data, shape, (kind, _) = raw[start:stop], tensor["shape"], TYPES[tensor["dtype"]]
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            data = interleaved(data, shape[0], heads if "q_proj" in name else kv_heads)
        if len(shape) == 1:
            data, kind = widened(data, tensor["dtype"]), F32
        # the fastest dimension comes first
        dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        infos.append(text(names[name]) + dimensions + struct.pack("<IQ", kind, offset))
        blobs.append(data + b"\0" * (-len(data) % ALIGNMENT))
        offset += len(blobs[-1])
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(metadata)) + b"".join(metadata + infos)
    pathlib.Path(out).write_bytes(head + b"\0" * (-len(head) % ALIGNMENT) + b"".join(blobs))


# The model was never taught to converse: any fixed form will do, and this one can be made again by hand.
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
