"""Other engines, timed by `cargo xtask bench` over the pipe that `model/examples/throughput` answers too.

    peers.py transformers MODEL --threads N     Hugging Face's generate: one static batch
    peers.py ctranslate2 FOLDER --threads N     what `peers.py convert` wrote, computed in float32
    peers.py toploc                             commitments of the package that ours equal
    peers.py convert MODEL FOLDER               a checkpoint as CTranslate2 wants it

The first line says what it is. Each line of stdin is answered with a line: {"prompts": [[0, 17], [0, 9]], "new": 32} runs the
prompts at the same time, greedily, on past any token that ends a text, and says how long that took. With "model" beside
it, transformers takes that checkpoint from then on. toploc is asked {"commit_width": 4096, "times": 100}: commitments to 32
rows of so many numbers.
"""

import argparse
import json
import sys
import time


def transformers(path, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    models = {}

    def load(path):
        models.clear()
        models[path] = transformers.AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, attn_implementation="sdpa"
        ).eval()

    def prepare(request):
        where = request.get("model", path)
        if where not in models:
            load(where)
        ids = torch.tensor(request["prompts"])
        rules = transformers.GenerationConfig(
            max_new_tokens=request["new"],
            min_new_tokens=request["new"],
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )

        def run():
            made = models[where].generate(ids, attention_mask=torch.ones_like(ids), generation_config=rules)
            return made[:, ids.shape[1] :].tolist()

        return run

    load(path)
    return f"transformers {transformers.__version__}", prepare


def ctranslate2(path, threads):
    import ctranslate2

    engine = ctranslate2.Generator(path, device="cpu", compute_type="float32", intra_threads=threads, inter_threads=1)
    with open(f"{path}/vocabulary.json", encoding="utf-8") as file:
        words = json.load(file)

    def prepare(request):
        prompts = [[words[token] for token in prompt] for prompt in request["prompts"]]
        count = request["new"]

        def run():
            results = engine.generate_batch(
                prompts,
                max_length=count,
                min_length=count,
                sampling_topk=1,
                include_prompt_in_result=False,
                end_token=[],
            )
            return [result.sequences_ids[0] for result in results]

        return run

    return f"CTranslate2 {ctranslate2.__version__}", prepare


def toploc():
    from importlib.metadata import version

    import torch
    from toploc import build_proofs_bytes

    torch.set_num_threads(1)

    def prepare(request):
        rows = list(torch.randn(32, request["commit_width"], dtype=torch.bfloat16))

        def run():
            for _ in range(request["times"]):
                build_proofs_bytes(rows, decode_batching_size=32, topk=128, skip_prefill=True)
            return []

        return run

    return f"toploc {version('toploc')}", prepare


def convert(model, folder):
    import ctranslate2

    ctranslate2.converters.TransformersConverter(model).convert(folder, force=True)


def say(document):
    print(json.dumps(document), flush=True)


def serve(name, prepare):
    say({"engine": name, "dtype": "f32"})
    for line in sys.stdin:
        run = prepare(json.loads(line))
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        say({"wall_s": wall, "cpu_s": cpu, "tokens": tokens})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("transformers", "ctranslate2"):
        command = commands.add_parser(name)
        command.add_argument("model")
        command.add_argument("--threads", type=int, default=1)
    commands.add_parser("toploc")
    command = commands.add_parser("convert")
    command.add_argument("model")
    command.add_argument("folder")
    arguments = parser.parse_args()
    if arguments.command == "convert":
        convert(arguments.model, arguments.folder)
    elif arguments.command == "toploc":
        serve(*toploc())
    else:
        engine = {"transformers": transformers, "ctranslate2": ctranslate2}[arguments.command]
        serve(*engine(arguments.model, arguments.threads))


if __name__ == "__main__":
    main()
