//! What happened in a block, for people.

use std::{collections::BTreeMap, sync::LazyLock};

use codec::Encode;
use frame_support::traits::GetCallMetadata as _;
use frame_system::Phase;
use node_subtensor_runtime::{Address, RuntimeCall, RuntimeError, RuntimeEvent, System, UncheckedExtrinsic};
use primitives::BlockHash;
use scale_info::{PortableRegistry, Registry, TypeInfo, meta_type};
use serde::Serialize;
use serde_json::Value;
use sp_core::{H256, crypto::Ss58Codec as _};
use sp_runtime::{
    DispatchError, ModuleError,
    generic::Preamble,
    traits::{BlakeTwo256, Hash as _},
};

use crate::{chain::Chain, executor, json, pool};

/// What happened in a block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlockLog {
    /// Which block.
    pub number: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// Its transactions, the clock's among them.
    pub extrinsics: Vec<ExtrinsicLog>,
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExtrinsicLog {
    /// BLAKE2-256 of its bytes.
    pub hash: BlockHash,
    /// `Pallet.call`.
    pub call: String,
    /// Who signed it, if it is signed.
    pub signer: Option<String>,
    /// The signer's number for it.
    pub nonce: Option<u32>,
    /// The call's arguments by name; null where they are too large.
    pub args: Value,
    /// `ok`, or the error: `SubtensorModule.NotEnoughStake`.
    pub result: String,
    /// What it cost, in rao.
    pub fee: u64,
}

/// The types of calls and errors.
struct Types {
    registry: PortableRegistry,
    call: u32,
    module_error: u32,
    error: u32,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    fn id<T: TypeInfo + 'static>(registry: &mut Registry) -> u32 {
        registry.register_type(&meta_type::<T>()).id
    }
    let mut registry = Registry::new();
    let (call, module_error) = (id::<RuntimeCall>(&mut registry), id::<RuntimeError>(&mut registry));
    let error = id::<DispatchError>(&mut registry);
    Types { registry: registry.into(), call, module_error, error }
});

/// What happened in a block. None where its transactions or its state are not kept.
pub(crate) fn block_log(chain: &Chain, hash: Option<H256>) -> Option<BlockLog> {
    let state = chain.state(hash).ok()?;
    let (header, body) = chain.blocks(|blocks| blocks.body(hash))?;
    let events: Vec<_> = executor::read(&state, || System::read_events_no_consensus().collect()).ok()?;
    let mut outcomes: BTreeMap<u32, (Option<String>, u64)> = BTreeMap::new();
    for record in events {
        let Phase::ApplyExtrinsic(index) = record.phase else { continue };
        let (result, fee) = outcomes.entry(index).or_default();
        match record.event {
            RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => *result = Some("ok".to_owned()),
            RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) => {
                *result = Some(name(dispatch_error));
            }
            RuntimeEvent::TransactionPayment(pallet_transaction_payment::Event::TransactionFeePaid {
                actual_fee,
                ..
            }) => *fee = actual_fee,
            _ => {}
        }
    }
    let extrinsics = (0u32..).zip(body.iter()).filter_map(|(index, bytes)| {
        let (result, fee) = outcomes.remove(&index).unwrap_or_default();
        let extrinsic = pool::decode(bytes).ok()?;
        Some(extrinsic_log(bytes, extrinsic, result.unwrap_or_default(), fee))
    });
    Some(BlockLog { number: header.number, hash: BlockHash(header.hash().0), extrinsics: extrinsics.collect() })
}

/// Say what happened in a block, if anybody listens.
pub(crate) fn trace(chain: &Chain, hash: H256) {
    const TARGET: &str = "localnet::block";
    if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        return;
    }
    let Some(BlockLog { number, extrinsics, .. }) = block_log(chain, Some(hash)) else { return };
    tracing::debug!(target: TARGET, number, ?hash, extrinsics = extrinsics.len(), "block");
    for (index, ExtrinsicLog { hash, call, signer, args, result, fee, .. }) in extrinsics.into_iter().enumerate() {
        let signer = signer.as_deref();
        tracing::debug!(target: TARGET, number, index, %hash, call, signer, %args, result, fee, "extrinsic");
    }
}

fn extrinsic_log(bytes: &[u8], extrinsic: UncheckedExtrinsic, result: String, fee: u64) -> ExtrinsicLog {
    let (signer, nonce) = match &extrinsic.preamble {
        Preamble::Signed(Address::Id(who), _, extension) => (Some(who.to_ss58check()), Some(extension.0.5.0)),
        _ => (None, None),
    };
    let names = extrinsic.function.get_call_metadata();
    let call = json::json(&TYPES.registry, TYPES.call, &extrinsic.function.encode()).unwrap_or_default();
    ExtrinsicLog {
        hash: BlockHash(BlakeTwo256::hash(bytes).0),
        call: format!("{}.{}", names.pallet_name, names.function_name),
        signer,
        nonce,
        args: call[names.pallet_name][names.function_name].clone(),
        result,
        fee,
    }
}

/// `Pallet.Error`, or the same for errors that are no pallet's.
fn name(error: DispatchError) -> String {
    let named = match error {
        DispatchError::Module(ModuleError { index, error, .. }) => {
            json::json(&TYPES.registry, TYPES.module_error, &(index, error).encode())
        }
        other => json::json(&TYPES.registry, TYPES.error, &other.encode()),
    };
    named.map_or_else(|_| format!("{error:?}"), |named| dotted(&named))
}

fn dotted(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Object(named) => {
            named.iter().map(|(name, inner)| format!("{name}.{}", dotted(inner))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
