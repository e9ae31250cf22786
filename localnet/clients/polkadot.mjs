// What a wallet or an explorer does with @polkadot/api 16.5: node polkadot.mjs WS_URL
//
// The packages are looked for where NODE_PATH says: a module's own folder is no place for 68 packages.
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_PATH ?? "node_modules", "x"));
const { ApiPromise, Keyring, WsProvider } = require("@polkadot/api");
const { packageInfo } = require("@polkadot/api/packageInfo");

const URL = process.argv[2];
const NETUID = 1;
const RAO = 1_000_000_000n;
const CLIENT = `@polkadot/api ${packageInfo.version}`;
const MS_A_STEP = 120_000;
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const [alice, bob, charlie] = ["//Alice", "//Bob", "//Charlie"].map((uri) => keys.addFromUri(uri));
const [validator, miner] = ["//Bob//hotkey", "//Charlie//hotkey"].map((uri) => keys.addFromUri(uri));
let api;
let failed = false;

// A step throws where the chain is not what it says.
async function step(name, perform) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${MS_A_STEP / 1000} s`)), MS_A_STEP);
  });
  let error = null;
  try {
    await Promise.race([perform(), late]);
  } catch (caught) {
    console.error(caught);
    error = String(caught).split("\n")[0];
    failed = true;
  }
  clearTimeout(timer);
  process.stdout.write(`${JSON.stringify({ client: CLIENT, step: name, ok: error === null, error, extra: false })}\n`);
}

function equal(found, wanted, what) {
  const [left, right] = [found, wanted].map((value) => JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}` : v)));
  if (left !== right) throw new Error(`${what}: ${left}, not ${right}`);
}

function holds(condition, what) {
  if (!condition) throw new Error(what);
}

// Sign, send, and follow until final; the events of it, or what the chain says against it.
function send(call, signer) {
  return new Promise((resolve, reject) => {
    let stop = () => {};
    call
      .signAndSend(signer, ({ status, dispatchError, events, isError }) => {
        if (dispatchError?.isModule) {
          const { section, name } = api.registry.findMetaError(dispatchError.asModule);
          reject(new Error(`${section}.${name}`));
        } else if (dispatchError || isError) {
          reject(new Error(`${dispatchError ?? status}`));
        } else if (status.isFinalized) {
          resolve(events.map(({ event }) => event));
        } else {
          return;
        }
        stop();
      })
      .then((unsubscribe) => (stop = unsubscribe), reject);
  });
}

async function free(who) {
  return (await api.query.system.account(who.address)).data.free.toBigInt();
}

await step("connect", async () => {
  api = await ApiPromise.create({ provider: new WsProvider(URL), noInitWarn: true, throwOnConnect: true });
  equal(api.runtimeVersion.specVersion.toNumber(), 425, "spec version");
});

await step("balance", async () => {
  equal(await free(bob), 1_000_000n * RAO, "//Bob's balance");
});

await step("subnets", async () => {
  const added = await api.query.subtensorModule.networksAdded.entries();
  const netuids = added.map(([key]) => key.args[0].toNumber());
  equal(netuids.sort(), [0, NETUID], "netuids");
  const infos = (await api.call.subnetInfoRuntimeApi.getAllDynamicInfo()).map((info) => info.unwrap().netuid.toNumber());
  equal(infos, [0, NETUID], "netuids of the runtime API");
});

await step("price", async () => {
  holds((await api.call.swapRuntimeApi.currentAlphaPrice(NETUID)).toBigInt() > 0n, "no price");
});

await step("hyperparameters", async () => {
  equal((await api.query.subtensorModule.tempo(NETUID)).toNumber(), 20, "tempo");
  const entries = (await api.call.subnetInfoRuntimeApi.getSubnetHyperparamsV3(NETUID)).unwrap();
  const tempo = entries.find((entry) => entry.name.toUtf8() === "tempo");
  equal(tempo?.value.inner.toNumber(), 20, "tempo of the runtime API");
});

await step("register", async () => {
  await send(api.tx.subtensorModule.burnedRegister(NETUID, validator.address), bob);
  const events = await send(api.tx.subtensorModule.registerLimit(NETUID, miner.address, 10n * RAO), charlie);
  const registered = events.find((event) => api.events.subtensorModule.NeuronRegistered.is(event));
  equal(registered?.data[1].toNumber(), 2, "uid in the event");
});

await step("neurons", async () => {
  const neurons = await api.call.neuronInfoRuntimeApi.getNeuronsLite(NETUID);
  equal(neurons.map((neuron) => neuron.uid.toNumber()), [0, 1, 2], "uids");
  equal(keys.encodeAddress(neurons[1].hotkey), validator.address, "hotkey of uid 1");
});

await step("serve", async () => {
  await send(api.tx.subtensorModule.serveAxon(NETUID, 1, 0xcb007107, 8091, 4, 4, 0, 0), miner);
  const axon = (await api.query.subtensorModule.axons(NETUID, miner.address)).unwrap();
  equal([axon.ip.toNumber(), axon.port.toNumber()], [0xcb007107, 8091], "what the miner announces");
});

await step("stake", async () => {
  const before = await free(bob);
  await send(api.tx.subtensorModule.addStake(validator.address, NETUID, 100n * RAO), bob);
  holds(before - (await free(bob)) >= 100n * RAO, "TAO not taken");
  const [position] = await api.call.stakeInfoRuntimeApi.getStakeInfoForColdkey(bob.address);
  holds(position.stake.toBigInt() > 0n, "no stake");
});

await step("unstake", async () => {
  const before = await free(bob);
  await send(api.tx.subtensorModule.removeStake(validator.address, NETUID, 10n * RAO), bob);
  holds((await free(bob)) > before, "TAO is not more");
});

await step("weights", async () => {
  // The epoch after next has seen the stake.
  const at = (await api.query.system.number()).toNumber() + 41;
  await until((header) => header.number.toNumber() >= at);
  await send(api.tx.subtensorModule.setWeights(NETUID, [0, 2], [16_384, 49_152], 0), validator);
  const row = (await api.query.subtensorModule.weights(NETUID, 1)).toJSON();
  equal(row, [[0, 21_845], [2, 65_535]], "row of uid 1");
});

await step("metagraph", async () => {
  const graph = (await api.call.subnetInfoRuntimeApi.getMetagraph(NETUID)).unwrap();
  equal([graph.numUids.toNumber(), graph.hotkeys.length], [3, 3], "seats");
});

await step("commitment", async () => {
  await send(api.tx.commitments.setCommitment(NETUID, { fields: [{ Raw5: "0x6173736179" }] }), miner);
  const found = (await api.query.commitments.commitmentOf(NETUID, miner.address)).unwrap();
  equal(found.info.fields[0].toJSON(), { raw5: "0x6173736179" }, "commitment");
});

await step("transfer", async () => {
  const before = await free(charlie);
  const call = api.tx.balances.transferKeepAlive(charlie.address, 5n * RAO);
  const { partialFee } = await call.paymentInfo(bob);
  holds(partialFee.toBigInt() > 0n, "no fee");
  const events = await send(call, bob);
  const [transfer] = events.filter((event) => api.events.balances.Transfer.is(event));
  equal(transfer?.data[2].toBigInt(), 5n * RAO, "amount in the event");
  equal((await free(charlie)) - before, 5n * RAO, "what //Charlie got");
});

await step("events", async () => {
  const seen = new Promise((resolve, reject) => {
    api.query.system
      .events((records) => {
        if (records.some(({ event }) => api.events.system.Remarked.is(event))) resolve();
      })
      .catch(reject);
  });
  await send(api.tx.system.remarkWithEvent("0x61"), alice);
  await seen;
});

await step("blocks", async () => {
  let first;
  await until((header) => header.number.toNumber() >= (first ??= header.number.toNumber()) + 3);
});

await step("refusal", async () => {
  const call = api.tx.subtensorModule.burnedRegister(NETUID, validator.address);
  const error = await send(call, bob).then(() => "none", String);
  equal(error, "Error: subtensorModule.HotKeyAlreadyRegisteredInSubNet", "error");
});

// Follow the final heads until one is it.
async function until(isIt) {
  await new Promise((resolve, reject) => {
    let stop;
    api.rpc.chain
      .subscribeFinalizedHeads((header) => {
        if (isIt(header)) {
          stop?.();
          resolve();
        }
      })
      .then((unsubscribe) => (stop = unsubscribe), reject);
  });
}

await api?.disconnect();
process.exit(failed ? 1 : 0);
