"""A round of drand's quicknet that is long past, with the signature that the beacon published for it.

The SDKs lock weights to rounds of quicknet and of no other beacon. A test without network cannot wait for a round to
come, but it can aim at one that has been: the chain opens what is locked to it, once it is given the pulse.
"""

import json
import time
import urllib.request

GENESIS = 1_692_803_367
SECONDS = 3
ROUND = 1000
SIGNATURE = "0xb44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"


def write_pulse(url):
    """Bring the pulse onto the chain, which verifies it by quicknet's key."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "dev_writePulse", "params": [ROUND, SIGNATURE]}
    request = urllib.request.Request(url.replace("ws", "http", 1), json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer = json.load(answer)
    if "error" in answer:
        raise RuntimeError(f"dev_writePulse: {answer['error']}")


def block_time(get_encrypted_commit, schedule):
    """The seconds of a block with which `get_encrypted_commit` aims at the round: below 0, they count back.

    `schedule` is what it wants to know of the subnet's epochs. How many blocks it looks ahead, it is asked.
    """
    sample = {"uids": [0], "weights": [1], "version_key": 0, "hotkey": bytes(32), **schedule}
    _, near = get_encrypted_commit(block_time=0.0, **sample)
    _, far = get_encrypted_commit(block_time=3_000.0, **sample)
    blocks = round((far - near) * SECONDS / 3_000)
    return (GENESIS + ROUND * SECONDS + SECONDS / 2 - time.time()) / blocks
