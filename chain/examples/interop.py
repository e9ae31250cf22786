"""Bittensor's own library and this one, each reading what the other wrote. Run by `cargo xtask interop`.

The only argument is the program of `interop.rs`.
"""

import os
import random
import subprocess
import sys
import time

import bittensor_core as theirs

# A round of drand's quicknet that is long past, its signature, and the key that it is of.
GENESIS, SECONDS, ROUND = 1_692_803_367, 3, 1000
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
# Blocks that both add to the one that reveals.
SAFETY = 3

program = subprocess.Popen(sys.argv[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ours(*words):
    print(*words, file=program.stdin, flush=True)
    answer = program.stdout.readline().strip()
    if program.poll() is not None:
        sys.exit(f"no answer to {words[0]}")
    return answer


def envelope(ciphertext):
    """As the library wants it: SCALE of the bytes and the round."""
    size = len(ciphertext)
    length = bytes([size << 2]) if size < 64 else (size << 2 | 1).to_bytes(2, "little")
    return length + ciphertext + ROUND.to_bytes(8, "little")


def equal(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r} is not {wanted!r}")


def messages():
    """Each opens what the other locked."""
    for size in [0, 1, 63, 64, 303, 1_069, 4_141, 4_756]:
        message = os.urandom(size)
        locked = bytes.fromhex(ours("encrypt", PUBLIC_KEY, ROUND, message.hex()))
        equal(theirs.decrypt_with_signature(envelope(locked), SIGNATURE), message, f"{size} bytes, locked here")
        locked, round_ = theirs.encrypt_at_round(message, ROUND)
        equal(round_, ROUND, "round")
        locked = theirs.inner_ciphertext(locked)
        equal(ours("decrypt", SIGNATURE, locked.hex()), message.hex(), f"{size} bytes, locked there")


def lock(schedule, block_time, **row):
    return theirs.get_encrypted_commit_v2(block_time=block_time, **row, **schedule)


def blocks_ahead(schedule, row):
    """How many blocks the library looks ahead: what a longer block time adds, of which each block is so many rounds."""
    _, near = lock(schedule, 0.0, **row)
    _, far = lock(schedule, 300_000.0, **row)
    return round((far - near) * SECONDS / 300_000)


def rows():
    """A row that is locked there is read here."""
    for count in [1, 4, 64, 256, 1024]:
        uids, values = list(range(count)), [random.randrange(65_536) for _ in range(count)]
        hotkey, version_key = os.urandom(32), random.randrange(1 << 64)
        row = dict(uids=uids, weights=values, version_key=version_key, hotkey=hotkey)
        schedule = state(last_epoch_block=0, tempo=360, current_block=5)
        # Block times below 0 count back, to a round that has been.
        ahead = blocks_ahead(schedule, row)
        back = (GENESIS + ROUND * SECONDS + SECONDS / 2 - time.time()) / ahead
        commit, round_ = lock(schedule, back, **row)
        equal(round_, ROUND, "round")
        pairs = " ".join(f"{uid}:{value}" for uid, value in zip(uids, values))
        equal(ours("row", SIGNATURE, commit.hex()), f"{hotkey.hex()} {version_key} {pairs}", f"row of {count}")


def state(**changes):
    state = dict(last_epoch_block=0, pending_epoch_at=0, subnet_epoch_index=0, tempo=50, blocks_since_last_step=0)
    return {**state, "current_block": 0, "subnet_reveal_period_epochs": 1, **changes}


def reveals():
    """Both foresee the same block."""
    row = dict(uids=[0], weights=[1], version_key=0, hotkey=bytes(32))
    for case in range(300):
        head = random.randrange(1_000, 10_000_000)
        tempo = random.choice([1, 2, 20, 99, 360, 7_200, 50_400])
        # No epoch ran before the chain began.
        since = random.randrange(min(tempo + 2, head))
        pending = random.choice([0, 0, head - 1, head, head + 1, head + 2, head + 7, head + 1_000])
        # None is overdue: the library has such an epoch run a block later than the chain does.
        schedule = state(
            last_epoch_block=head - since,
            pending_epoch_at=pending,
            subnet_epoch_index=random.randrange(1_000_000),
            tempo=tempo,
            blocks_since_last_step=since,
            current_block=head,
            subnet_reveal_period_epochs=random.choice([1, 1, 2, 5]),
        )
        block = ours("reveal", *schedule.values())
        equal(int(block), head + blocks_ahead(schedule, row) - SAFETY, f"block of {schedule}")


for check in [messages, rows, reveals]:
    check()
    print(f"{check.__name__}: {check.__doc__.splitlines()[0]}")
program.stdin.close()
