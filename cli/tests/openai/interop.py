"""A miner before llama.cpp's server, asked by `assay` and by a gRPC client that knows reflection only, in the clear and as
docs/protocol.md says how to connect. Run by `cargo xtask interop`: interop.py ASSAY MODEL_FOLDER
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import checkpoint

HERE = pathlib.Path(__file__).parent
ASSAY, FOLDER = sys.argv[1:]
PROMPT = "The compiler checks that"
# Longer than anything here takes.
PATIENCE = 120


class Process:
    """A program that says on its first line where it is, and ends when it is told to."""

    running = []

    def __init__(self, *words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        Process.running.append(self)
        self.line = self.process.stdout.readline().strip()
        if not self.line:
            raise SystemExit(f"{words}: ended at once ({self.process.wait()})")
        # whatever else it says must not fill the pipe
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.terminate()
        self.process.wait(PATIENCE)


def assay(*words, status=0):
    done = subprocess.run([ASSAY, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == status, f"{words}: {done.returncode}, {done.stdout}{done.stderr}"
    return done.stdout


def documented():
    """What docs/protocol.md has for clients in Python."""
    page = (HERE / "../../../docs/protocol.md").read_text()
    names = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    return names["connect"]


class Reflected:
    """Any service of a server, by what the server says of itself."""

    def __init__(self, channel):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def stream(self, service, method, request):
        method = self.pool.FindServiceByName(service).methods_by_name[method]
        kind, answer = (message_factory.GetMessageClass(kind) for kind in (method.input_type, method.output_type))
        call = self.channel.unary_stream(
            f"/{service}/{method.name}",
            request_serializer=kind.SerializeToString,
            response_deserializer=answer.FromString,
        )
        return call(json_format.ParseDict(request, kind()))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main(folder):
    gguf = str(folder / "model.gguf")
    checkpoint.convert(FOLDER, gguf)
    port = str(free_port())
    serve = [sys.executable, str(HERE / "server.py"), gguf, port, "tiny"]
    server = Process(*serve)
    chain = Process(ASSAY, "localnet", "--listen", "127.0.0.1:0", "--block-time", "100ms").line
    at = ("--chain-url", chain)
    for key in ("//Miner", "//User"):
        assay("register", "--netuid", "1", "--key", key, "--coldkey", "//Alice", *at)
    openai = ("--backend", "openai", "--openai-url", server.line, "--openai-model", "tiny")
    counted = f"127.0.0.1:{free_port()}"
    place = ("--metrics-listen", counted, "--listen", "127.0.0.2:0", "--announce", "127.0.0.2:0")
    miner = Process(ASSAY, "--config", str(settings(folder)), "miner", "--key", "//Miner", *place, *openai, *at)
    client = Reflected(grpc.insecure_channel(miner.line))
    health = client.stream("grpc.health.v1.Health", "Watch", {})

    def until(status):
        for answer in health:
            if answer.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[answer.status].name == status:
                return
        raise AssertionError(f"health never was {status}")

    until("SERVING")

    def ask(*words):
        words = ("ask", "--key", "//User", "--json", *at, *words)
        return json.loads(assay(*words))["generation"]

    # The model's own tokens, as llama.cpp chooses them and as this program does.
    greedy = ("--temperature", "0", "--max-new", "12")
    answer = ask(PROMPT, *greedy, "--logprobs")
    assert len(answer["tokens"]) == 12 == len(answer["logprobs"]), answer
    assert all(-20 < value <= 0 for value in answer["logprobs"]), answer
    own = json.loads(
        assay("run", "--model", FOLDER, "--prompt", PROMPT, "--temperature", "0", "--max-new", "12", "--json")
    )
    assert (answer["tokens"], answer["text"]) == (own["tokens"], own["text"]), (answer, own)

    # Stop texts end an answer before themselves.
    word = answer["text"].split()[2]
    stopped = ask(PROMPT, *greedy, "--stop", " " + word)
    assert stopped["finish"] == "stop" and word not in stopped["text"].split(), stopped
    assert answer["text"].startswith(stopped["text"]) and stopped["text"], stopped

    # A conversation is the text that the server's template makes of it.
    chat = ask("Is it fast?", *greedy, "--chat", "--system", "You know Rust.")
    by_hand = ask("system: You know Rust.\nuser: Is it fast?\nassistant:", *greedy)
    assert chat["tokens"] == by_hand["tokens"] and chat["tokens"], (chat, by_hand)

    # Sampling is the server's own.
    sampled = ask(PROMPT, "--temperature", "1", "--top-k", "50", "--top-p", "0.95", "--max-new", "24")
    assert sampled["tokens"] and sampled["text"], sampled

    # What the server refuses is the request's fault, and told as such.
    refused = json.loads(assay("ask", "word " * 2000, "--key", "//User", "--json", *at, status=1))
    assert refused["outcome"] == "refused", refused

    # A stranger's client streams what was signed for it.
    printed = assay("ask", PROMPT, "--max-new", "12", "--temperature", "0", "--key", "//User", "--print-request", *at)
    events = list(client.stream("assay.miner.v1.Miner", "Generate", json.loads(printed)))
    assert len(events) > 3 and len(events[-1].signature) == 64, events
    event = message_factory.GetMessageClass(client.pool.FindMessageTypeByName("assay.miner.v1.Event"))
    events = [event.FromString(message.payload) for message in events]
    assert [token for message in events for token in message.tokens.ids] == answer["tokens"], events
    assert "".join(message.tokens.text for message in events) == answer["text"], events

    # The same over TLS, to the key that is on chain and to no other.
    shown = json.loads(assay("axon", "show", "--key", "//Miner", "--json", *at))
    pin = bytes.fromhex(shown["certificate"]["public_key"].removeprefix("0x"))
    host, port = miner.line.rsplit(":", 1)
    secured = Reflected(documented()(host, int(port), pin))
    printed = assay("ask", PROMPT, "--max-new", "12", "--temperature", "0", "--key", "//User", "--print-request", *at)
    events = [event.FromString(it.payload) for it in secured.stream("assay.miner.v1.Miner", "Generate", json.loads(printed))]
    assert "".join(message.tokens.text for message in events) == answer["text"], events
    try:
        documented()(host, int(port), bytes(32))
    except ConnectionError:
        pass
    else:
        raise AssertionError("connected to a key that nobody vouches for")

    # Under load.
    load = ("--concurrency", "1,4", "--requests", "8", "--prompt-tokens", "16", "--new-tokens", "8")
    measured = json.loads(assay("bench", "miner", "--key", "//User", "--json", *load, *at))
    assert [level["outcomes"] for level in measured["levels"]] == [{"ok": 8}, {"ok": 8}], measured

    # What was counted meanwhile.
    with urllib.request.urlopen(f"http://{counted}/metrics", timeout=PATIENCE) as page:
        metrics = dict(line.rsplit(" ", 1) for line in page.read().decode().splitlines() if line and line[0] != "#")
    assert int(metrics['miner_requests_total{outcome="ANSWERED"}']) >= 22, metrics
    assert metrics['miner_requests_total{outcome="BAD_PAYLOAD"}'] == "1", metrics
    assert int(metrics["miner_new_tokens_total"]) >= 200 and int(metrics["miner_prompt_tokens_total"]) >= 200, metrics
    assert metrics["miner_requests_live"] == metrics["miner_requests_waiting"] == "0", metrics
    assert metrics["miner_model_up"] == "1", metrics
    assert int(metrics['miner_first_token_seconds_bucket{le="60"}']) >= 22, metrics

    # Health follows the server down and up again.
    server.end()
    until("NOT_SERVING")
    lost = json.loads(assay("ask", PROMPT, "--key", "//User", "--json", *at, status=1))
    assert lost["outcome"] == "refused", lost
    server = Process(*serve)
    until("SERVING")
    assert ask(PROMPT, *greedy)["tokens"] == answer["tokens"]


def settings(folder):
    """The server is asked for its health every second."""
    file = folder / "miner.toml"
    file.write_text("[model.openai]\npoll_seconds = 1\n")
    return file


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        try:
            main(pathlib.Path(scratch))
        finally:
            for process in reversed(Process.running):
                process.end()
    print("llama.cpp's server behind a miner: tokens, probabilities, stop texts, conversations, reflection, TLS, load, health")
