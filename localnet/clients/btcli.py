"""What a person does with btcli 11.3.0: btcli.py WS_URL

Runs the program of the installed package, with wallets of its own, and reads what it prints as JSON.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile

import bittensor as bt
from bittensor.keyfiles import Keyfile, Keypair

from steps import Steps, equal, holds

URL = sys.argv[1]
HOME = tempfile.mkdtemp()
WALLETS = f"{HOME}/.bittensor/wallets"
PROGRAM = "from bittensor.cli.main import main; main()"
step = Steps(f"btcli {importlib.metadata.version('bittensor')}")


def wallet(name, uri):
    """A coldkey and its hotkey `default`, unencrypted, where btcli looks for wallets."""
    coldkey, hotkey = Keypair.create_from_uri(uri), Keypair.create_from_uri(f"{uri}//hotkey")
    for path, pair in [("coldkey", coldkey), ("hotkeys/default", hotkey)]:
        Keyfile(f"{WALLETS}/{name}/{path}", path).set_keypair(pair, encrypt=False)
    for path, pair in [("coldkeypub.txt", coldkey), ("hotkeys/defaultpub.txt", hotkey)]:
        public = Keypair(ss58_address=pair.ss58_address, public_key=bytes(pair.public_key), crypto_type=pair.crypto_type)
        Keyfile(f"{WALLETS}/{name}/{path}", path).set_keypair(public, encrypt=False)
    return coldkey.ss58_address, hotkey.ss58_address


def btcli(*words):
    """The document that it prints. Where it fails, what it says."""
    words = [*map(str, words), "--network", URL, "--json"]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, "HOME": HOME},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    print("btcli", *words, ran.stdout, ran.stderr, file=sys.stderr)
    if ran.returncode == 0:
        return json.loads(ran.stdout)
    said = ran.stdout.strip() or ran.stderr.strip() or f"exit code {ran.returncode}"
    try:
        said = json.loads(said)["error"]
    except (ValueError, KeyError):
        pass
    raise AssertionError(said if isinstance(said, str) else said["message"])


def sends(*words):
    """A command that sends a transaction; the wallets are not asked for."""
    result = btcli(*words, "--yes")
    holds(result["success"], result)
    return result


def epoch_runs():
    with bt.SyncClient(URL) as chain:
        chain.wait_for_epoch(1)


BOB, BOB_HOTKEY = wallet("bob", "//Bob")
CHARLIE, CHARLIE_HOTKEY = wallet("charlie", "//Charlie")
ALICE, _ = wallet("alice", "//Alice")


@step("connect")
def connect():
    holds(btcli("query", "block-time"), "no block time")


@step("balance")
def balance():
    equal(btcli("query", "balance", "--coldkey", BOB), "τ1,000,000.000000000", "//Bob's balance")


@step("subnets")
def subnets():
    equal([subnet["netuid"] for subnet in btcli("subnets", "list")], [0, 1], "netuids")
    shown = btcli("subnets", "show", 1)
    equal((shown["netuid"], shown["tempo"], shown["neurons"]), (1, 20, 1), "netuid, tempo, neurons")


@step("price")
def price():
    holds(btcli("subnets", "price", "--netuid", 1)["price_rao"] > 0, "no price")


@step("hyperparameters")
def hyperparameters():
    found = btcli("subnets", "hyperparameters", 1)
    equal((found["tempo"], found["kappa"]), (20, 32_767), "tempo, kappa")


@step("register")
def register():
    """In the clear: `register_limit` is no call that btcli insists on shielding."""
    for name, hotkey in [("bob", BOB_HOTKEY), ("charlie", CHARLIE_HOTKEY)]:
        arguments = json.dumps({"netuid": 1, "hotkey": hotkey, "limit_price": 10**10})
        sends("call", "SubtensorModule.register_limit", "--args", arguments, "-w", name)
    equal(btcli("query", "uid", "--hotkey", BOB_HOTKEY, "--netuid", 1), 1, "//Bob's uid")


@step("neurons")
def neurons():
    found = btcli("query", "neurons", "--netuid", 1)
    equal([neuron["hotkey"] for neuron in found][1:], [BOB_HOTKEY, CHARLIE_HOTKEY], "hotkeys")


@step("serve")
def serve():
    sends("tx", "serve-axon", "--netuid", 1, "--ip", "203.0.113.7", "--port", 8091, "-w", "charlie")


@step("stake")
def stake():
    """As it comes: shielded where the chain offers a key."""
    sends("stake", "add", "--netuid", 1, "--amount", 100, "--hotkey", BOB_HOTKEY, "-w", "bob")
    sends("stake", "add", "--netuid", 1, "--amount", 10, "--hotkey", BOB_HOTKEY, "-w", "bob", "--no-mev-shield")
    shown = btcli("stake", "show", "--netuid", 1, "--hotkey", BOB_HOTKEY, "--coldkey", BOB)
    holds(shown["stake_amount"] > 0, "no stake")


@step("unstake")
def unstake():
    sends("stake", "remove", "--netuid", 1, "--amount", 5, "--hotkey", BOB_HOTKEY, "-w", "bob", "--no-mev-shield")


@step("quote")
def quote():
    holds(btcli("query", "quote-stake", "--netuid", 1, "--amount-tao", 1), "no quote")


@step("weights")
def weights():
    epoch_runs()
    sends("misc", "weights", "set", "--netuid", 1, "--uids", "0,2", "--weights", "0.25,0.75", "-w", "bob")
    found = btcli("query", "weights", "--netuid", 1)
    equal(found["1"], {"0": 0.25, "2": 0.75}, "row of uid 1")


@step("metagraph")
def metagraph():
    graph = btcli("subnets", "metagraph", 1)
    equal((graph["num_uids"], graph["hotkeys"][1]), (3, BOB_HOTKEY), "seats, hotkey of uid 1")


@step("commitment")
def commitment():
    info = json.dumps({"netuid": 1, "info": {"fields": [[{"Raw5": "0x6173736179"}]]}})
    sends("call", "Commitments.set_commitment", "--args", info, "-w", "charlie", "--key", "hotkey")
    (found,) = btcli("query", "commitments", "--netuid", 1)
    equal((found["hotkey"], found["commitment"]), (CHARLIE_HOTKEY, "assay"), "commitment")


@step("timelocked weights")
def timelocked_weights():
    # Rules stand still in the last blocks before an epoch, and btcli starts too slowly to hit the others.
    for call, arguments in [
        ("sudo_set_admin_freeze_window", {"window": 0}),
        ("sudo_set_commit_reveal_weights_enabled", {"netuid": 1, "enabled": True}),
    ]:
        sends("call", f"AdminUtils.{call}", "--args", json.dumps(arguments), "--sudo", "-w", "alice")
    sends("misc", "weights", "set", "--netuid", 1, "--uids", "0,2", "--weights", "0.5,0.5", "-w", "bob")
    commits = btcli("query", "timelocked-weight-commits", "--netuid", 1)
    equal([commit["hotkey"] for epoch in commits.values() for commit in epoch], [BOB_HOTKEY], "commits")


@step("transfer")
def transfer():
    sends("wallet", "transfer", "--dest", CHARLIE, "--amount", 5, "-w", "bob")


@step("own a subnet")
def own_a_subnet():
    equal(sends("subnets", "create", "-w", "charlie")["data"]["netuid"], 2, "netuid")
    sends("hparams", "start", "--netuid", 2, "-w", "charlie")
    sends("hparams", "set", "--netuid", 2, "--name", "min_allowed_weights", "--value", 3, "-w", "charlie")


@step("shielded register")
def shielded_register():
    _, hotkey = wallet("dave", "//Dave")
    sends("subnets", "register", "--netuid", 1, "-w", "dave")
    holds(btcli("query", "uid", "--hotkey", hotkey, "--netuid", 1) is not None, "not registered")


@step("root")
def root():
    sends("root", "register", "-w", "bob")
    sends("stake", "add", "--netuid", 0, "--amount", 50, "--hotkey", BOB_HOTKEY, "-w", "bob")
    shown = btcli("stake", "show", "--netuid", 0, "--hotkey", BOB_HOTKEY, "--coldkey", BOB)
    equal(shown["stake_amount"], 50, "stake on root")


@step("delegates")
def delegates():
    sends("hparams", "set-take", "--take", 0.1, "-w", "bob")
    equal(btcli("hparams", "get-take", "--hotkey", BOB_HOTKEY)["take_u16"], 6_554, "take")


@step("positions")
def positions():
    """What a coldkey has, with all that btcli shows of it."""
    equal(btcli("wallet", "balance", "-w", "bob")["stake_subnets"], 2, "subnets with stake")
    equal([stake["netuid"] for stake in btcli("stake", "list", "--coldkey", BOB)], [0, 1], "netuids")


step.finish()
