//! A call about weights as it goes to the chain, foretold before it is sent.

use std::borrow::Cow;

use chain::{
    ChainError, Invalidity, Landed, Objection, Precheck, Refusal, Value, WeightsCall, WeightsState, commit_hash,
};
use primitives::{Hotkey, Keypair, MechId, NetUid, Uid, Weights};

use crate::{
    fate::{No, one_of},
    report::{Checked, fail, skip},
    stage::{Stage, number, numbers},
};

/// A call about weights, with none of the client's checks.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// Set a row in the open.
    Set { uids: Vec<u16>, values: Vec<u16>, version_key: u64 },
    /// Commit a hash.
    Commit,
    /// Reveal a row.
    Reveal { uids: Vec<u16>, values: Vec<u16>, salt: Vec<u16>, version_key: u64 },
    /// Commit what is said to be timelocked.
    CommitTimelocked { bytes: Vec<u8>, round: u64, version: u16 },
}

/// Where, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Who signs.
    pub key: &'a Keypair,
    /// Which subnet.
    pub netuid: NetUid,
    /// Which mechanism.
    pub mech: MechId,
}

impl Attempt {
    /// A row that is one.
    pub fn set(weights: &Weights, version_key: u64) -> Self {
        Self::Set { uids: weights.uids(), values: weights.values(), version_key }
    }

    /// What the chain would say to it in the next block.
    fn foretell(&self, state: &WeightsState) -> Checked<Result<(), Objection>> {
        Ok(match self {
            Self::Set { uids, values, version_key } => state.check_set(uids, values, *version_key),
            Self::Commit => state.check(&WeightsCall::Commit),
            Self::Reveal { uids, values, salt, version_key } => {
                let hash = hash_of(state.hotkey, state.netuid, state.mechanism, (uids, values), salt, *version_key)?;
                state.check_reveal(&hash, uids, values, *version_key)
            }
            Self::CommitTimelocked { bytes, round, version } => state.check(&WeightsCall::CommitTimelocked {
                ciphertext_bytes: bytes.len(),
                round: *round,
                version: *version,
            }),
        })
    }

    fn call(&self, place: Place<'_>) -> (Cow<'static, str>, Vec<(&'static str, Value)>) {
        let (name, arguments) = match self {
            Self::Set { uids, values, version_key } => (
                ["set_weights", "set_mechanism_weights"],
                vec![("dests", numbers(uids)), ("weights", numbers(values)), ("version_key", number(*version_key))],
            ),
            Self::Commit => {
                (["commit_weights", "commit_mechanism_weights"], vec![("commit_hash", Value::from_bytes([7; 32]))])
            }
            Self::Reveal { uids, values, salt, version_key } => (
                ["reveal_weights", "reveal_mechanism_weights"],
                vec![
                    ("uids", numbers(uids)),
                    ("values", numbers(values)),
                    ("salt", numbers(salt)),
                    ("version_key", number(*version_key)),
                ],
            ),
            Self::CommitTimelocked { bytes, round, version } => (
                ["commit_timelocked_weights", "commit_timelocked_mechanism_weights"],
                vec![
                    ("commit", Value::from_bytes(bytes)),
                    ("reveal_round", number(*round)),
                    ("commit_reveal_version", number(*version)),
                ],
            ),
        };
        let mut all = vec![("netuid", number(place.netuid.0))];
        let name = if place.mech == MechId(0) {
            name[0]
        } else {
            all.push(("mecid", number(place.mech.0)));
            name[1]
        };
        all.extend(arguments);
        (name.into(), all)
    }

    /// Send it.
    pub async fn send(&self, stage: &Stage, place: Place<'_>) -> Checked<Result<Landed, ChainError>> {
        let (name, arguments) = self.call(place);
        stage.call(place.key, &name, arguments).await
    }

    /// What the chain would say to it in the block after the best one.
    async fn objection(&self, stage: &Stage, place: Place<'_>) -> Checked<Result<(), Objection>> {
        let best = stage.client.best().await?;
        let hotkey = place.key.hotkey();
        let state = stage.client.weights_state(place.netuid, place.mech, hotkey, Some(best.hash)).await?;
        self.foretell(&state)
    }

    /// Wait until only time stood against it. Anything else that does is a reason to skip.
    pub async fn wait(&self, stage: &Stage, place: Place<'_>) -> Checked<()> {
        for _ in 0..4 {
            match self.objection(stage, place).await? {
                Ok(()) => return Ok(()),
                Err(objection) => match objection.until() {
                    Some(block) => stage.blocks.until(block).await.map(drop)?,
                    None => return skip(format!("the chain would not take it: {objection}")),
                },
            }
        }
        fail("the chain's limits move on as fast as one waits for them")
    }

    /// The refusal for one of these reasons, once what only time stands against is over.
    async fn foretold(&self, stage: &Stage, place: Place<'_>, reasons: &[No]) -> Checked<No> {
        for _ in 0..4 {
            let Err(objection) = self.objection(stage, place).await? else {
                return skip("nothing stands against it here");
            };
            let until = objection.until();
            let foretold = No::foretold(objection)?;
            match until {
                _ if reasons.contains(&foretold) => return Ok(foretold),
                Some(block) => stage.blocks.until(block).await.map(drop)?,
                None => return skip(format!("something else stands against it here: {foretold}")),
            }
        }
        fail("the chain's limits move on as fast as one waits for them")
    }

    /// Foretell a refusal for one of these reasons, send it all the same, and see that the chain says what was foretold.
    pub async fn refused(&self, stage: &Stage, place: Place<'_>, reasons: &[No]) -> Checked {
        let foretold = self.foretold(stage, place, reasons).await?;
        let answer = self.send(stage, place).await?;
        if let Ok(landed) = &answer {
            let (netuid, mech, hotkey) = (place.netuid, place.mech, place.key.hotkey());
            let state = stage.client.weights_state(netuid, mech, hotkey, Some(landed.block.hash)).await?;
            if is_over(&foretold, &state) {
                return skip(format!("an epoch in between ended what stood against it: {foretold}"));
            }
        }
        let said = No::said(answer)?;
        if said.is(&foretold) {
            return one_of(&said, reasons);
        }
        // An epoch may have passed in between.
        match self.objection(stage, place).await? {
            Err(objection) if No::foretold(objection.clone())?.is(&said) => one_of(&said, reasons),
            _ => fail(format!("the chain said {said}, and {foretold} was foretold")),
        }
    }
}

/// Whether a reason that only epochs end is none in a block: who earns gets stake, and a permit for it.
fn is_over(foretold: &No, state: &WeightsState) -> bool {
    match foretold {
        No::Refused(Refusal::NeuronNoValidatorPermit) => state.validator_permit,
        No::Refused(Refusal::NotEnoughStakeToSetWeights)
        | No::Invalid(Invalidity::Custom(Precheck::StakeAmountTooLow)) => state.stake >= state.stake_threshold,
        _ => false,
    }
}

/// The hash of a row that is one.
pub fn hash_of(
    hotkey: Hotkey,
    netuid: NetUid,
    mech: MechId,
    (uids, values): (&[u16], &[u16]),
    salt: &[u16],
    version_key: u64,
) -> Checked<[u8; 32]> {
    let pairs = uids.iter().copied().map(Uid).zip(values.iter().copied());
    match Weights::new(pairs) {
        Ok(weights) => Ok(commit_hash(hotkey, netuid, mech, &weights, salt, version_key)),
        Err(error) => fail(error.to_string()),
    }
}
