"""What a validator and a miner do with bittensor 10.5.0: sdk10.py WS_URL"""

import asyncio
import sys
import tempfile

import bittensor as bt
import bittensor_drand
from bittensor.utils.balance import Balance
from bittensor_wallet import Keypair, Wallet

import quicknet
from steps import Steps, equal, holds

URL = sys.argv[1]
NETUID = 1
step = Steps(f"bittensor {bt.__version__}")


def wallet(coldkey, hotkey):
    made = Wallet(name=coldkey.strip("/"), hotkey=hotkey.replace("/", ""), path=WALLETS)
    made.set_coldkey(Keypair.create_from_uri(coldkey), encrypt=False, overwrite=True)
    made.set_coldkeypub(Keypair.create_from_uri(coldkey), overwrite=True)
    made.set_hotkey(Keypair.create_from_uri(hotkey), encrypt=False, overwrite=True)
    return made


def succeeded(response):
    holds(response.success, f"{response.message} {response.error or ''}".strip())
    return response


def sudo(function, **arguments):
    """Only //Alice may: what an owner would ask of her."""
    inner = chain.compose_call("AdminUtils", function, arguments)
    call = chain.compose_call("Sudo", "sudo", {"call": inner})
    return succeeded(chain.sign_and_send_extrinsic(call, alice, wait_for_inclusion=True, wait_for_finalization=True))


def epoch_runs():
    """Wait until the subnet has run an epoch that began after now."""
    last = chain.get_last_epoch_block(NETUID) or chain.block
    while (chain.get_last_epoch_block(NETUID) or 0) <= last:
        chain.wait_for_block()


WALLETS = tempfile.mkdtemp()
alice = wallet("//Alice", "//Alice//hotkey")
validator = wallet("//Bob", "//Bob//hotkey")
miner = wallet("//Bob", "//Bob//miner")
HOTKEY = validator.hotkey.ss58_address
COLDKEY = validator.coldkeypub.ss58_address


@step("connect")
def connect():
    global chain
    chain = bt.Subtensor(network=URL)
    chain.wait_for_block()
    holds(chain.block > 0, "no block")


@step("balance")
def balance():
    equal(chain.get_balance(COLDKEY), Balance.from_tao(1_000_000), "//Bob's balance")


@step("asynchronous reads")
def asynchronous_reads():
    async def read():
        async with bt.AsyncSubtensor(network=URL) as other:
            equal(await other.get_balance(COLDKEY), Balance.from_tao(1_000_000), "//Bob's balance")
            equal([neuron.uid for neuron in await other.neurons_lite(NETUID)], [0], "uids")

    asyncio.run(read())


@step("subnets")
def subnets():
    equal([subnet.netuid for subnet in chain.all_subnets()], [0, NETUID], "netuids")
    equal(chain.subnet(NETUID).netuid, NETUID, "netuid")
    equal([info.netuid for info in chain.get_all_subnets_info()], [0, NETUID], "netuids")


@step("price")
def price():
    holds(chain.get_subnet_price(NETUID).rao > 0, "no price")
    equal(sorted(chain.get_subnet_prices()), [0, NETUID], "netuids with a price")


@step("hyperparameters")
def hyperparameters():
    found = chain.get_subnet_hyperparameters(NETUID)
    equal((found.tempo, found.kappa), (20, 32_767), "tempo, kappa")


@step("register")
def register():
    succeeded(chain.register(validator, NETUID))
    succeeded(chain.burned_register(miner, NETUID))
    equal(chain.get_uid_for_hotkey_on_subnet(HOTKEY, NETUID), 1, "the validator's uid")
    equal(chain.get_uid_for_hotkey_on_subnet(miner.hotkey.ss58_address, NETUID), 2, "the miner's uid")


@step("neurons")
def neurons():
    equal([neuron.hotkey for neuron in chain.neurons(NETUID)][1], HOTKEY, "hotkey of uid 1")
    equal([neuron.coldkey for neuron in chain.neurons_lite(NETUID)][1], COLDKEY, "coldkey of uid 1")
    equal(chain.neuron_for_uid(1, NETUID).hotkey, HOTKEY, "hotkey of uid 1")


@step("serve")
def serve():
    axon = bt.Axon(wallet=miner, port=8091, ip="127.0.0.1", external_ip="203.0.113.7", external_port=8091)
    succeeded(chain.serve_axon(NETUID, axon))
    info = chain.neuron_for_uid(2, NETUID).axon_info
    equal((info.ip, info.port), ("203.0.113.7", 8091), "what the miner announces")


@step("stake")
def stake():
    before = chain.get_balance(COLDKEY)
    succeeded(chain.add_stake(validator, NETUID, HOTKEY, Balance.from_tao(100)))
    succeeded(chain.add_stake(validator, NETUID, HOTKEY, Balance.from_tao(10), safe_staking=True, rate_tolerance=0.2))
    holds(chain.get_stake(COLDKEY, HOTKEY, NETUID).rao > 0, "no stake")
    holds(before.rao - chain.get_balance(COLDKEY).rao >= 110 * 10**9, "TAO not taken")
    equal([info.netuid for info in chain.get_stake_info_for_coldkey(COLDKEY)], [NETUID], "positions")


@step("unstake")
def unstake():
    before, free = chain.get_stake(COLDKEY, HOTKEY, NETUID), chain.get_balance(COLDKEY)
    amount = Balance.from_rao(before.rao // 2).set_unit(NETUID)
    succeeded(chain.unstake(validator, NETUID, HOTKEY, amount))
    holds(chain.get_stake(COLDKEY, HOTKEY, NETUID).rao < before.rao, "stake is not less")
    holds(chain.get_balance(COLDKEY).rao > free.rao, "TAO is not more")


@step("quote")
def quote():
    sim = chain.sim_swap(origin_netuid=0, destination_netuid=NETUID, amount=Balance.from_tao(1))
    holds(sim.alpha_amount.rao > 0, "one TAO buys nothing")


@step("root")
def root():
    succeeded(chain.root_register(validator))
    holds(chain.is_hotkey_registered(HOTKEY, netuid=0), "no seat on root")
    succeeded(chain.add_stake(validator, 0, HOTKEY, Balance.from_tao(50)))
    equal(chain.get_stake(COLDKEY, HOTKEY, 0), Balance.from_tao(50), "stake on root")


@step("delegates")
def delegates():
    succeeded(chain.set_delegate_take(validator, HOTKEY, 0.1))
    takes = {delegate.hotkey_ss58: delegate.take for delegate in chain.get_delegates()}
    holds(abs(takes[HOTKEY] - 0.1) < 0.001, f"takes: {takes}")
    equal({entry.netuid for entry in chain.get_delegated(COLDKEY)}, {0, NETUID}, "netuids where //Bob nominates")


@step("weights")
def weights():
    epoch_runs()
    holds(chain.neuron_for_uid(1, NETUID).validator_permit, "an epoch passed and the validator has no permit")
    succeeded(chain.set_weights(validator, NETUID, uids=[0, 2], weights=[0.25, 0.75]))
    equal(dict(chain.weights(NETUID))[1], [(0, 21845), (2, 65535)], "row of uid 1")


@step("metagraph")
def metagraph():
    graph = chain.metagraph(NETUID, lite=False)
    equal((int(graph.n), graph.hotkeys[1]), (3, HOTKEY), "size, hotkey of uid 1")
    equal(graph.axons[2].ip, "203.0.113.7", "the miner's address")
    holds(float(graph.S[1]) > 0, "no stake in the metagraph")
    holds(float(graph.W[1][2]) > float(graph.W[1][0]) > 0, "no weights in the metagraph")
    info = chain.get_metagraph_info(NETUID)
    equal((info.netuid, info.num_uids, info.hotkeys[1]), (NETUID, 3, HOTKEY), "netuid, seats, hotkey of uid 1")


@step("pay")
def pay():
    """The epochs pay the miner for the weights it got."""
    epoch_runs()
    epoch_runs()
    holds(chain.neuron_for_uid(2, NETUID).incentive > 0.5, "the miner has no incentive")


@step("commitment")
def commitment():
    succeeded(chain.set_commitment(miner, NETUID, "assay"))
    equal(chain.get_commitment(NETUID, 2), "assay", "the miner's commitment")
    equal(chain.get_all_commitments(NETUID), {miner.hotkey.ss58_address: "assay"}, "commitments")


@step("timelocked weights")
def timelocked_weights():
    # Else rules stand still in the last blocks before an epoch.
    sudo("sudo_set_admin_freeze_window", window=0)
    sudo("sudo_set_commit_reveal_weights_enabled", netuid=NETUID, enabled=True)
    response = succeeded(chain.set_weights(validator, NETUID, uids=[0, 2], weights=[0.5, 0.5]))
    commits = chain.get_timelocked_weight_commits(NETUID)
    equal([(who, at) for who, _, _, at in commits], [(HOTKEY, response.data["reveal_round"])], "commits")


@step("revealed weights")
def revealed_weights():
    """Locked to a round of quicknet, opened by the chain at the epoch that comes."""
    quicknet.write_pulse(URL)
    reveal_round = None
    while reveal_round != quicknet.ROUND:
        # The round depends on the block: once more where one came in between.
        chain.wait_for_block()
        schedule = chain.get_epoch_schedule_state(NETUID)
        block_time = quicknet.block_time(
            bittensor_drand.get_encrypted_commit_v2, {**vars(schedule), "subnet_reveal_period_epochs": 1}
        )
        response = chain.set_weights(validator, NETUID, uids=[0, 2], weights=[0.1, 1.0], block_time=block_time)
        reveal_round = succeeded(response).data["reveal_round"]
    row = [(0, 6554), (2, 65535)]
    for _ in range(3):
        epoch_runs()
        if dict(chain.weights(NETUID))[1] == row:
            return
    equal(dict(chain.weights(NETUID))[1], row, "row of uid 1, three epochs later")


@step("transfer")
def transfer():
    charlie = Keypair.create_from_uri("//Charlie").ss58_address
    succeeded(chain.transfer(validator, charlie, Balance.from_tao(5)))
    equal(chain.get_balance(charlie), Balance.from_tao(1_000_005), "//Charlie's balance")


@step("shielded register")
def shielded_register():
    hidden = wallet("//Dave", "//Dave//hotkey")
    succeeded(chain.burned_register(hidden, NETUID, mev_protection=True))
    holds(chain.is_hotkey_registered(hidden.hotkey.ss58_address, NETUID), "not registered")


step.finish()
