"""Trains the tokenizer and the model of this folder, and writes both as a Hugging Face Llama folder.

    python corpus.py --out corpus.jsonl
    python train.py --corpus corpus.jsonl --out .. --minutes 60

Everything that is drawn comes from --seed. The schedule is by tokens (--tokens); with --minutes it is by time
instead, which is kinder on a slow machine but then the result depends on it. An export that loads is written
every --export-minutes.
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

END = "<|end|>"
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 4096,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "max_position_embeddings": 512,
    "rope_theta": 10000.0,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "torch_dtype": "bfloat16",
}


# ---- data


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"],
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == CONFIG["vocab_size"]
    return tokenizer


def encode(tokenizer, texts):
    """All documents in one row of ids, each followed by the end token."""
    end = tokenizer.token_to_id(END)
    ids = []
    for encoding in tokenizer.encode_batch(texts):
        ids.extend(encoding.ids)
        ids.append(end)
    return np.array(ids, dtype=np.int64)


def batches(ids, length, size, generator):
    """Endless shuffled epochs of windows, cut at another offset in every epoch."""
    while True:
        offset = int(torch.randint(length, (1,), generator=generator))
        windows = (len(ids) - offset - 1) // length
        for chunk in torch.randperm(windows, generator=generator).split(size):
            if len(chunk) == size:
                starts = (chunk * length + offset).tolist()
                yield torch.from_numpy(np.stack([ids[s : s + length + 1] for s in starts]))


# ---- model


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:], self.weight, CONFIG["rms_norm_eps"])


def rotary(length):
    half = CONFIG["head_dim"] // 2
    inverse = CONFIG["rope_theta"] ** (-torch.arange(half).float() / half)
    angles = torch.outer(torch.arange(length).float(), inverse)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        width, ffn, dim = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["head_dim"]
        self.heads, self.kv = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        linear = lambda i, o: nn.Linear(i, o, bias=False)  # noqa: E731
        self.input_layernorm = Norm(width)
        self.self_attn = nn.ModuleDict(
            {"q_proj": linear(width, self.heads * dim), "k_proj": linear(width, self.kv * dim),
             "v_proj": linear(width, self.kv * dim), "o_proj": linear(self.heads * dim, width)}
        )
        self.post_attention_layernorm = Norm(width)
        self.mlp = nn.ModuleDict(
            {"gate_proj": linear(width, ffn), "up_proj": linear(width, ffn), "down_proj": linear(ffn, width)}
        )

    def forward(self, x, cos, sin):
        h, dim = self.input_layernorm(x), CONFIG["head_dim"]
        split = lambda t, n: t.view(*t.shape[:2], n, dim).transpose(1, 2)  # noqa: E731
        q = rotate(split(self.self_attn["q_proj"](h), self.heads), cos, sin)
        k = rotate(split(self.self_attn["k_proj"](h), self.kv), cos, sin)
        v = split(self.self_attn["v_proj"](h), self.kv)
        k, v = (t.repeat_interleave(self.heads // self.kv, 1) for t in (k, v))
        attended = F.scaled_dot_product_attention(q, k, v.contiguous(), is_causal=True)
        x = x + self.self_attn["o_proj"](attended.transpose(1, 2).flatten(2))
        h = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](h)) * self.mlp["up_proj"](h))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = Norm(CONFIG["hidden_size"])
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    p.data.mul_((2 * CONFIG["num_hidden_layers"]) ** -0.5)

    def forward(self, ids):
        cos, sin = rotary(ids.shape[1])
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x) @ self.embed_tokens.weight.T


# ---- training


@torch.no_grad()
def holdout_loss(model, ids, length=512, size=8):
    """Mean loss a token over the held-out pages, in windows of the whole context."""
    total = count = 0
    windows = [ids[s : s + length + 1] for s in range(0, len(ids) - length - 1, length)]
    for i in range(0, len(windows), size):
        batch = torch.from_numpy(np.stack(windows[i : i + size]))
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten(), reduction="sum")
        total, count = total + loss.item(), count + batch[:, 1:].numel()
    return total / count


@torch.no_grad()
def sample(model, tokenizer, prompt, new, temperature, seed):
    generator = torch.Generator().manual_seed(seed)
    ids = tokenizer.encode(prompt).ids
    for _ in range(new):
        logits = model(torch.tensor([ids]))[0, -1]
        ids.append(
            int(logits.argmax() if temperature == 0
                else torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator))
        )
        if ids[-1] == CONFIG["eos_token_id"]:
            break
    return tokenizer.decode(ids)


def export(model, out, report):
    """Weights to bf16, under Hugging Face's names; each file is replaced whole."""
    tensors = {f"model.{k}": v.detach().to(torch.bfloat16).contiguous() for k, v in model.state_dict().items()}
    save_file(tensors, out / "model.safetensors.part", metadata={"format": "pt"})
    os.replace(out / "model.safetensors.part", out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=float, default=8e6, help="length of the schedule in tokens")
    parser.add_argument("--minutes", type=float, help="length of the schedule in minutes, instead of --tokens")
    parser.add_argument("--export-minutes", type=float, default=5)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    documents = [json.loads(line)["text"] for line in args.corpus.open(encoding="utf-8")]
    order = torch.randperm(len(documents), generator=torch.Generator().manual_seed(args.seed)).tolist()
    held = len(documents) // 40
    holdout, train = ([documents[i] for i in part] for part in (order[:held], order[held:]))
    tokenizer = train_tokenizer(train)
    tokenizer.save(str(args.out / "tokenizer.json"))
    train_ids, holdout_ids = encode(tokenizer, train), encode(tokenizer, holdout)

    model = Llama()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters} parameters, {len(train_ids)} training tokens, {len(holdout_ids)} held out", flush=True)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=args.learning_rate, betas=(0.9, 0.98), fused=True,
    )
    generator = torch.Generator().manual_seed(args.seed)
    short = batches(train_ids, 256, 8, generator)
    whole = batches(train_ids, 512, 4, generator)

    began = exported = time.monotonic()
    step = seen = 0
    running = None
    while True:
        minutes = (time.monotonic() - began) / 60
        done = minutes / args.minutes if args.minutes else seen / args.tokens
        if done >= 1:
            break
        # 60 steps of warm-up, then a cosine down to a fiftieth
        rate = args.learning_rate * min(1, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        # one step in four sees the whole context, from the first third on
        batch = next(whole if step % 4 == 0 and done > 0.3 else short)
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, seen = step + 1, seen + batch[:, 1:].numel()
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if not math.isfinite(running):
            sys.exit("the loss is no longer finite")
        if step % 50 == 0:
            print(f"step {step} tokens {seen} done {done:.3f} loss {running:.3f} minutes {minutes:.1f}", flush=True)
        if time.monotonic() - exported > 60 * args.export_minutes:
            write(model, tokenizer, args, holdout_ids, parameters, len(train_ids), step, seen, running, minutes)
            exported = time.monotonic()
    write(model, tokenizer, args, holdout_ids, parameters, len(train_ids), step, seen, running, minutes)


def write(model, tokenizer, args, holdout_ids, parameters, corpus_tokens, step, seen, running, minutes):
    held = holdout_loss(model, holdout_ids)
    report = {
        "parameters": parameters, "corpus_tokens": corpus_tokens, "steps": step, "tokens": seen,
        "minutes": round(minutes, 1), "seed": args.seed, "learning_rate": args.learning_rate,
        "train_loss": round(running, 4), "holdout_loss": round(held, 4),
    }
    export(model, args.out, report)
    print(f"export: {report}", flush=True)
    for prompt in ("The compiler", "When you call a function", "If the value is"):
        print("  |", sample(model, tokenizer, prompt, 48, 0.7, args.seed).replace("\n", " / "), flush=True)


if __name__ == "__main__":
    main()
