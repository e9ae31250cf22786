"""Axons and a dendrite of bittensor 10, beside which `cargo xtask bench round` times ours.

    axons.py miners --count N --from I     N axons in this process, on loopback: the answer is a fixed text
    axons.py validator                     a dendrite that asks all of them in one go

Miners say where they serve in a line of JSON, and serve until their stdin ends. The validator reads such a list first, and
then answers each line with a line about one round: {"wall_s": 9.5, "cpu_s": 2.6, "answered": 212, "lost": {"…": 44}}.

Signatures and nonces are checked as the library does by default. Nothing but loopback is talked to, no chain either.
"""

import argparse
import asyncio
import collections
import json
import socket
import sys
import tempfile
import time

# The library reads the arguments of whoever imports it.
ARGUMENTS, sys.argv = sys.argv[1:], sys.argv[:1]

import bittensor as bt
import uvicorn
from bittensor.utils import networking
from bittensor_wallet import Keypair, Wallet

PROMPT = "How is gold told from brass?"
ANSWER = "By the touchstone"
TIMEOUT_S = 12

# It would ask the internet where it is. An address that is nobody's, so that no axon is taken for one of its own.
networking.get_external_ip = lambda: "192.0.2.1"


class Question(bt.Synapse):
    prompt: str
    answer: str | None = None


def wallet(index):
    """Its file is gone again when it is returned: it has the key."""
    with tempfile.TemporaryDirectory() as folder:
        made = Wallet(name="bench", hotkey="axon", path=folder)
        made.set_hotkey(Keypair.create_from_uri(f"//axon-{index}"), encrypt=False, overwrite=True)
    return made


def answer(synapse: Question) -> Question:
    synapse.answer = ANSWER
    return synapse


def bound():
    """To a free port, and held: several processes take theirs at the same time."""
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    return one


async def miners(count, first):
    servers, sockets = {}, [bound() for _ in range(count)]
    for index, one in enumerate(sockets, first):
        axon = bt.Axon(
            wallet=wallet(index), port=one.getsockname()[1], ip="127.0.0.1", external_ip="127.0.0.1"
        )
        axon.attach(forward_fn=answer)
        servers[axon] = uvicorn.Server(axon.fast_config)
    # `axon.start()` leaves a thread behind that wakes every millisecond: hundreds of them on one machine take all of it
    # from the dendrite. On one loop their servers do the same work, and wait without. The sockets are on loopback alone: the
    # library would listen on all addresses.
    serving = [
        asyncio.create_task(server.serve(sockets=[one])) for server, one in zip(servers.values(), sockets, strict=True)
    ]
    while not all(server.started for server in servers.values()):
        await asyncio.sleep(0.01)
    say({"axons": [[axon.wallet.hotkey.ss58_address, axon.port] for axon in servers]})
    await line()
    for server in servers.values():
        server.should_exit = True
    await asyncio.gather(*serving)


def line():
    """Of stdin, while the loop runs."""
    return asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def validator():
    say({"engine": f"bittensor {bt.__version__}"})
    # The loop runs between rounds, as a validator's does, and sees connections end.
    announced = json.loads(await line())["axons"]
    axons = [
        bt.AxonInfo(version=0, ip="127.0.0.1", port=port, ip_type=4, hotkey=hotkey, coldkey=hotkey)
        for hotkey, port in announced
    ]
    dendrite = bt.Dendrite(wallet=Keypair.create_from_uri("//validator"))
    say({"axons": len(axons)})
    while await line():
        wall, cpu = time.perf_counter(), time.process_time()
        answers = await dendrite.forward(
            axons=axons, synapse=Question(prompt=PROMPT), timeout=TIMEOUT_S, deserialize=False
        )
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        lost = collections.Counter(
            one.dendrite.status_message.split(":")[0] if one.dendrite.status_code != 200 else "other answer"
            for one in answers
            if one.dendrite.status_code != 200 or one.answer != ANSWER
        )
        say({"wall_s": wall, "cpu_s": cpu, "answered": len(answers) - lost.total(), "lost": lost})
    await dendrite.aclose_session()


def say(document):
    print(json.dumps(document), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("miners")
    command.add_argument("--count", type=int, required=True)
    command.add_argument("--from", dest="first", type=int, default=0)
    commands.add_parser("validator")
    arguments = parser.parse_args(ARGUMENTS)
    if arguments.command == "miners":
        asyncio.run(miners(arguments.count, arguments.first))
    else:
        asyncio.run(validator())


if __name__ == "__main__":
    main()
