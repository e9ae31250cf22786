"""What a validator and a miner do with bittensor 11.3.0: sdk11.py WS_URL"""

import asyncio
import sys
from types import SimpleNamespace

import bittensor as bt
import bittensor_core
from bittensor.keyfiles import Keypair

import quicknet
from steps import Steps, equal, holds

URL = sys.argv[1]
NETUID = 1
RAO = 10**9
loop = asyncio.new_event_loop()
step = Steps(f"bittensor {bt.__version__}", loop.run_until_complete)


def wallet(coldkey, hotkey):
    pair = Keypair.create_from_uri(coldkey)
    return SimpleNamespace(coldkey=pair, coldkeypub=pair, hotkey=Keypair.create_from_uri(hotkey))


async def execute(intent, signer):
    return succeeded(await chain.execute(intent, signer))


async def submit(call, who, **options):
    return succeeded(await chain.submit_call(call, who, **options))


def succeeded(result):
    holds(result.success, f"{result.error and result.error.name}: {result.message}")
    return result


async def sudo(call):
    """Only //Alice may: what an owner would ask of her."""
    await submit(bt.calls.Sudo.sudo(call=await chain.compose(call)), alice)


alice = wallet("//Alice", "//Alice//hotkey")
validator = wallet("//Bob", "//Bob//hotkey")
miner = wallet("//Bob", "//Bob//miner")
HOTKEY = validator.hotkey.ss58_address
COLDKEY = validator.coldkey.ss58_address


@step("connect")
async def connect():
    global chain
    chain = await bt.Client(URL).connect()
    await chain.wait_for_block()
    equal(await chain.spec_version(), 425, "spec version")


@step("balance")
async def balance():
    equal((await chain.balances.get(COLDKEY)).rao, 1_000_000 * RAO, "//Bob's balance")


@step("subnets")
async def subnets():
    equal([subnet.netuid for subnet in await chain.subnets.all()], [0, NETUID], "netuids")
    equal((await chain.subnets.info(NETUID)).tempo, 20, "tempo")


@step("price")
async def price():
    holds((await chain.prices.alpha_prices())[NETUID] > 0, "no price")
    holds((await chain.prices.alpha_price(netuid=NETUID))["price_rao"] > 0, "no price")


@step("hyperparameters")
async def hyperparameters():
    found = await chain.read("subnet_hyperparameters", netuid=NETUID)
    equal((found["tempo"], found["kappa"]), (20, 32_767), "tempo, kappa")


@step("register")
async def register():
    await submit(bt.calls.SubtensorModule.burned_register(netuid=NETUID, hotkey=HOTKEY), validator)
    limit = bt.calls.SubtensorModule.register_limit(
        netuid=NETUID, hotkey=miner.hotkey.ss58_address, limit_price=10 * RAO
    )
    await submit(limit, miner)
    equal(await chain.neurons.uid(HOTKEY, NETUID), 1, "the validator's uid")
    equal(await chain.neurons.uid(miner.hotkey.ss58_address, NETUID), 2, "the miner's uid")


@step("neurons")
async def neurons():
    for lite in (True, False):
        found = await chain.neurons.all(NETUID, lite=lite)
        equal([neuron.uid for neuron in found], [0, 1, 2], "uids")
        equal((found[1].hotkey, found[1].coldkey), (HOTKEY, COLDKEY), "keys of uid 1")


@step("serve")
async def serve():
    await execute(bt.ServeAxon(netuid=NETUID, ip="203.0.113.7", port=8091), miner)
    axon = await chain.query(bt.storage.SubtensorModule.Axons, [NETUID, miner.hotkey.ss58_address])
    equal((axon["ip"], axon["port"]), (0xCB00_7107, 8091), "what the miner announces")


@step("stake")
async def stake():
    before = await chain.balances.get(COLDKEY)
    add = bt.AddStake(hotkey_ss58=HOTKEY, netuid=NETUID, amount_tao=100)
    await execute(add, validator)
    bare = bt.AddStake(hotkey_ss58=HOTKEY, netuid=NETUID, amount_tao=10, slippage_protection=False)
    await execute(bare, validator)
    holds((await chain.staking.get(COLDKEY, HOTKEY, NETUID)).rao > 0, "no stake")
    holds(before.rao - (await chain.balances.get(COLDKEY)).rao >= 110 * RAO, "TAO not taken")
    equal([position.netuid for position in await chain.staking.positions(COLDKEY)], [NETUID], "positions")


@step("unstake")
async def unstake():
    before, free = await chain.staking.get(COLDKEY, HOTKEY, NETUID), await chain.balances.get(COLDKEY)
    remove = bt.RemoveStake(hotkey_ss58=HOTKEY, netuid=NETUID, amount_alpha=before.amount / 2)
    await execute(remove, validator)
    holds((await chain.staking.get(COLDKEY, HOTKEY, NETUID)).rao < before.rao, "stake is not less")
    holds((await chain.balances.get(COLDKEY)).rao > free.rao, "TAO is not more")


@step("quote")
async def quote():
    holds((await chain.prices.quote_stake(netuid=NETUID, amount_tao=1)).alpha.rao > 0, "one TAO buys nothing")


@step("root")
async def root():
    await execute(bt.RootRegister(), validator)
    holds(await chain.neurons.uid(HOTKEY, 0) is not None, "no seat on root")
    await execute(bt.AddStake(hotkey_ss58=HOTKEY, netuid=0, amount_tao=50), validator)
    equal((await chain.staking.get(COLDKEY, HOTKEY, 0)).rao, 50 * RAO, "stake on root")


@step("delegates")
async def delegates():
    await execute(bt.SetTake(take=0.1), validator)
    taken = (await chain.delegation.delegate(HOTKEY)).take
    holds(abs(taken - 0.1) < 0.001, f"take: {taken}")
    nominated = {entry.netuid for entry in await chain.delegation.delegated(COLDKEY)}
    equal(nominated, {0, NETUID}, "netuids where //Bob nominates")


@step("weights")
async def weights():
    await chain.wait_for_epoch(NETUID)
    permits = await chain.query(bt.storage.SubtensorModule.ValidatorPermit, [NETUID])
    holds(permits[1], "an epoch passed and the validator has no permit")
    await execute(bt.SetWeights(netuid=NETUID, uids=[0, 2], weights=[0.25, 0.75]), validator)
    rows = dict(await chain.query_map(bt.storage.SubtensorModule.Weights, [NETUID]))
    equal([tuple(pair) for pair in rows[1]], [(0, 21845), (2, 65535)], "row of uid 1")


@step("metagraph")
async def metagraph():
    graph = await chain.subnets.metagraph(NETUID)
    equal((graph.num_uids, graph.hotkeys[1]), (3, HOTKEY), "seats, hotkey of uid 1")
    equal(graph.neuron(2).axon, "203.0.113.7:8091", "the miner's address")
    holds(graph.neuron(1).total_stake.rao > 0, "no stake in the metagraph")


@step("pay")
async def pay():
    """The epochs pay the miner for the weights it got."""
    await chain.wait_for_epoch(NETUID)
    await chain.wait_for_epoch(NETUID)
    incentive = await chain.query(bt.storage.SubtensorModule.Incentive, [NETUID])
    holds(incentive[2] > 32_767, "the miner has no incentive")


@step("commitment")
async def commitment():
    info = {"fields": [[{"Raw5": b"assay"}]]}
    await submit(bt.calls.Commitments.set_commitment(netuid=NETUID, info=info), miner, signer="hotkey")
    (found,) = await chain.read("commitments", netuid=NETUID)
    equal((found["hotkey"], found["commitment"]), (miner.hotkey.ss58_address, "assay"), "commitment")


@step("timelocked weights")
async def timelocked_weights():
    # Else rules stand still in the last blocks before an epoch.
    await sudo(bt.calls.AdminUtils.sudo_set_admin_freeze_window(window=0))
    await sudo(bt.calls.AdminUtils.sudo_set_commit_reveal_weights_enabled(netuid=NETUID, enabled=True))
    result = await execute(bt.SetWeights(netuid=NETUID, uids=[0, 2], weights=[0.5, 0.5]), validator)
    commits = await chain.read("timelocked_weight_commits", netuid=NETUID)
    found = [(commit["hotkey"], commit["reveal_round"]) for epoch in commits.values() for commit in epoch]
    equal(found, [(HOTKEY, result.data["reveal_round"])], "commits")


@step("revealed weights")
async def revealed_weights():
    """Locked to a round of quicknet, opened by the chain at the epoch that comes.

    `SetWeights` aims at a round of the future; the call that it makes, made by hand, aims at one that was.
    """
    quicknet.write_pulse(URL)
    epochs = ["LastEpochBlock", "PendingEpochAt", "SubnetEpochIndex", "Tempo", "BlocksSinceLastStep"]
    names = ["last_epoch_block", "pending_epoch_at", "subnet_epoch_index", "tempo", "blocks_since_last_step"]
    at = await chain.at()
    values = [await at.query(("SubtensorModule", item), [NETUID]) for item in epochs]
    schedule = dict(zip(names, values), current_block=at.block, subnet_reveal_period_epochs=1)
    lock = bittensor_core.get_encrypted_commit_v2
    commit, reveal_round = lock(
        uids=[0, 2],
        weights=[6554, 65535],
        version_key=0,
        hotkey=bytes(validator.hotkey.public_key),
        block_time=quicknet.block_time(lock, schedule),
        **schedule,
    )
    equal(reveal_round, quicknet.ROUND, "round")
    call = bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=commit, reveal_round=reveal_round, commit_reveal_version=4
    )
    await submit(call, validator, signer="hotkey")
    for _ in range(3):
        await chain.wait_for_epoch(NETUID)
        rows = dict(await chain.query_map(bt.storage.SubtensorModule.Weights, [NETUID]))
        found = [tuple(pair) for pair in rows[1]]
        if found == [(0, 6554), (2, 65535)]:
            return
    equal(found, [(0, 6554), (2, 65535)], "row of uid 1, three epochs later")


@step("transfer")
async def transfer():
    charlie = Keypair.create_from_uri("//Charlie").ss58_address
    await execute(bt.Transfer(dest_ss58=charlie, amount_tao=5), validator)
    equal((await chain.balances.get(charlie)).rao, 1_000_005 * RAO, "//Charlie's balance")


@step("own a subnet")
async def own_a_subnet():
    owner = wallet("//Eve", "//Eve//hotkey")
    netuid = (await execute(bt.RegisterSubnet(), owner)).data["netuid"]
    equal(netuid, 2, "netuid")
    await execute(bt.StartCall(netuid=netuid), owner)
    await execute(bt.SetHyperparameter(netuid=netuid, name="min_allowed_weights", value=3), owner)
    found = await chain.read("subnet_hyperparameters", netuid=netuid)
    equal(found["min_allowed_weights"], 3, "min_allowed_weights")


@step("shielded register")
async def shielded_register():
    hidden = wallet("//Dave", "//Dave//hotkey")
    result = await execute(bt.BurnedRegister(netuid=NETUID), hidden)
    holds(result.data["shielded"], "sent in the clear")
    holds(await chain.neurons.uid(hidden.hotkey.ss58_address, NETUID) is not None, "not registered")


@step("identity")
async def identity():
    await execute(bt.SetIdentity(name="assay"), validator)
    equal((await chain.identity.identity(COLDKEY))["name"], "assay", "name")


@step("children", extra=True)
async def children():
    child = miner.hotkey.ss58_address
    await execute(bt.SetChildren(netuid=NETUID, children=[[0.5, child]]), validator)
    pending = await chain.delegation.pending_children(HOTKEY, NETUID)
    holds(child in str(pending), f"pending children: {pending}")


@step("proxy")
async def proxy():
    delegate = alice.coldkey.ss58_address
    await execute(bt.AddProxy(delegate_ss58=delegate, proxy_type="Staking"), validator)
    holds(delegate in str(await chain.balances.proxies(COLDKEY)), "no proxy")
    free = await chain.balances.get(COLDKEY)
    stake = bt.AddStake(hotkey_ss58=HOTKEY, netuid=NETUID, amount_tao=1)
    succeeded(await chain.execute(stake, alice, proxy_for=COLDKEY))
    holds((await chain.balances.get(COLDKEY)).rao < free.rao, "the proxy took nothing")


@step("multisig", extra=True)
async def multisig():
    both = await chain.multisig([COLDKEY, alice.coldkey.ss58_address], 2)
    await execute(bt.Transfer(dest_ss58=both.address, amount_tao=5), alice)
    dave = Keypair.create_from_uri("//Dave").ss58_address
    before = await chain.balances.get(dave)
    call = bt.calls.Balances.transfer_keep_alive(dest=dave, value=RAO)
    for signatory in (validator, alice):
        succeeded(await both.approve(call, signatory))
    equal((await chain.balances.get(dave)).rao - before.rao, RAO, "what //Dave got")


@step("swap hotkey")
async def swap_hotkey():
    fresh = Keypair.create_from_uri("//Bob//fresh").ss58_address
    await execute(bt.SwapHotkey(new_hotkey_ss58=fresh), validator)
    equal(await chain.neurons.uid(fresh, NETUID), 1, "the new hotkey's uid")


step.finish()
