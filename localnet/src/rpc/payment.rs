//! `payment_*` and `system_dryRun`: what a transaction would cost and do.

use codec::Encode as _;
use jsonrpsee::{core::RegisterMethodError, types::ErrorObjectOwned};
use node_subtensor_runtime::{Executive, TransactionPayment, UncheckedExtrinsic};
use serde_json::json;
use sp_core::H256;

use super::{
    Module,
    error::{Answer, client},
    wire::{Bytes, method},
};
use crate::{chain::Chain, executor, pool};

const INFO: &str = "Unable to query dispatch info.";
const DETAILS: &str = "Unable to query fee details.";
const DRY_RUN: &str = "Unable to dry run extrinsic.";

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "payment_queryInfo", |mut params, chain| {
        let info = run(chain, params.next()?, params.optional_next()?, INFO, TransactionPayment::query_info)?;
        serde_json::to_value(info).map_err(client)
    })?;
    method(module, "payment_queryFeeDetails", |mut params, chain| {
        let (extrinsic, at) = (params.next()?, params.optional_next()?);
        let details = run(chain, extrinsic, at, DETAILS, TransactionPayment::query_fee_details)?;
        let fee = details.inclusion_fee.map(|fee| {
            json!({ "baseFee": fee.base_fee, "lenFee": fee.len_fee, "adjustedWeightFee": fee.adjusted_weight_fee })
        });
        Ok(json!({ "inclusionFee": fee }))
    })?;
    method(module, "system_dryRun", |mut params, chain| {
        let (extrinsic, at) = (params.next()?, params.optional_next()?);
        let applied =
            run(chain, extrinsic, at, DRY_RUN, |extrinsic, _| Executive::apply_extrinsic(extrinsic).encode())?;
        Ok(json!(Bytes(applied)))
    })?;
    module.register_alias("system_dryRunAt", "system_dryRun")
}

/// Ask the runtime about a transaction of so many bytes, at the head where no block is named.
fn run<R>(
    chain: &Chain,
    Bytes(bytes): Bytes,
    at: Option<H256>,
    what: &'static str,
    f: impl FnOnce(UncheckedExtrinsic, u32) -> R,
) -> Answer<R> {
    let refused = |code, data: String| ErrorObjectOwned::owned(code, what, Some(data));
    let extrinsic = pool::decode(&bytes).map_err(|error| refused(2, error.to_string()))?;
    // No request is longer.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let state = chain.state(at).map_err(|error| refused(1, error.to_string()))?;
    executor::read(&state, || f(extrinsic, length)).map_err(|error| refused(1, error.to_string()))
}
