use assay_chain::{ChainError, Client, Difference, Invalidity, Landed, Precheck, Refusal, Row, SignedWeights, Verdict};
use localnet::{Config, Genesis, Handle, Limits, dev_account};
use primitives::{Keypair, MechId, NetUid, Uid, Weights};

use crate::node::{COMMITTED, NET, STAKE, STRICT, genesis, miner, start, validator, with_blocks};

fn row(pairs: &[(u16, u16)]) -> Weights {
    Weights::new(pairs.iter().map(|(uid, weight)| (Uid(*uid), *weight))).unwrap()
}

async fn set(
    node: &Handle,
    client: &Client,
    signer: &Keypair,
    netuid: NetUid,
    weights: &Weights,
    version_key: u64,
) -> Result<Landed, ChainError> {
    let signed = client.prepare_set(signer, &Row::new(netuid, weights.clone(), version_key)).await?;
    with_blocks(node, client.submit(&signed)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_read_back() {
    let (node, client) = start().await;
    let weights = row(&[(2, 65535), (0, 100)]);
    let landed = set(&node, &client, &validator(), NET, &weights, 0).await.unwrap();
    let (hotkey, at) = (validator().hotkey(), Some(landed.block.hash));
    let verdict = client.verify_weights(NET, MechId(0), hotkey, &weights, at).await.unwrap();
    let last_update = landed.block.number;
    assert_eq!(verdict, Verdict::Verified { block: landed.block, uid: Uid(1), last_update });
    assert_eq!(client.read_weights(NET, MechId(0), Uid(1), at).await.unwrap(), [(Uid(0), 100), (Uid(2), 65535)]);
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), at).await.unwrap(), last_update);

    let other = row(&[(0, 101), (2, 65535)]);
    let verdict = client.verify_weights(NET, MechId(0), hotkey, &other, None).await.unwrap();
    let differences = vec![Difference { uid: Uid(0), expected: Some(101), stored: Some(100) }];
    assert!(!verdict.is_verified());
    assert!(matches!(verdict, Verdict::Differs { differences: found, .. } if found == differences));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_land_once() {
    let (node, client) = start().await;
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(&[(2, 65535)]), 0)).await.unwrap();
    // As after a crash: what was written down is all that is left.
    let kept = serde_json::to_string(&signed).unwrap();
    let signed: SignedWeights = serde_json::from_str(&kept).unwrap();
    let landed = with_blocks(&node, client.submit(&signed)).await.unwrap();
    let again = with_blocks(&node, client.submit(&signed)).await.unwrap();
    assert_eq!(landed, again);
    let other_client = Client::connect(&node.url()).await.unwrap();
    assert_eq!(with_blocks(&node, other_client.submit(&signed)).await.unwrap(), landed);
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(), landed.block.number);
    let next = client.prepare_set(&validator(), &Row::new(NET, row(&[(2, 65535)]), 0)).await.unwrap();
    assert_eq!(next.nonce, signed.nonce + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_at_a_time_land_once() {
    let (node, client) = start().await;
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(&[(2, 65535)]), 0)).await.unwrap();
    let both = async { tokio::join!(client.submit(&signed), client.submit(&signed)) };
    let (first, second) = with_blocks(&node, both).await;
    assert_eq!(first.unwrap(), second.unwrap());
    let next = client.prepare_set(&validator(), &Row::new(NET, row(&[(2, 65535)]), 0)).await.unwrap();
    assert_eq!(next.nonce, signed.nonce + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_nonce_is_one_row() {
    let (node, client) = start().await;
    let (one, other) = (row(&[(2, 65535)]), row(&[(0, 65535)]));
    let signed = client.prepare_set(&validator(), &Row::new(NET, one.clone(), 0)).await.unwrap();
    let rival = client.prepare_set(&validator(), &Row::new(NET, other.clone(), 0)).await.unwrap();
    assert_eq!(signed.nonce, rival.nonce);
    with_blocks(&node, client.submit(&signed)).await.unwrap();
    let error = with_blocks(&node, client.submit(&rival)).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Stale)), "{error:?}");
    assert!(error.is_conclusive());
    assert!(client.verify_weights(NET, MechId(0), validator().hotkey(), &one, None).await.unwrap().is_verified());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_row_expires() {
    let (node, client) = start().await;
    let signed = client.prepare_set(&validator(), &Row::new(NET, row(&[(2, 65535)]), 0)).await.unwrap();
    let blocks = u32::try_from(signed.death() - signed.birth.number).unwrap();
    node.author_blocks(blocks).unwrap();
    let error = client.submit(&signed).await.unwrap_err();
    assert!(matches!(error, ChainError::Expired { death } if death == signed.death()), "{error:?}");
    assert!(error.is_conclusive() && error.is_retryable());
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_blocks_are_judged_by_what_they_left() {
    let limits = Limits { kept_blocks: 16, ..Limits::default() };
    let node = localnet::spawn(Config { genesis: genesis(), limits, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let (one, other) = (row(&[(2, 65535)]), row(&[(0, 65535)]));
    let signed = client.prepare_set(&validator(), &Row::new(NET, one.clone(), 0)).await.unwrap();
    let rival = client.prepare_set(&validator(), &Row::new(NET, other.clone(), 0)).await.unwrap();
    let landed = with_blocks(&node, client.submit(&signed)).await.unwrap();
    node.author_blocks(200).unwrap();
    assert_eq!(client.submit(&signed).await.unwrap(), landed);
    let error = client.submit(&rival).await.unwrap_err();
    assert!(matches!(error, ChainError::Expired { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_stays_refused() {
    let (node, client) = start().await;
    let signed = client.prepare_set(&miner(), &Row::new(NET, row(&[(1, 65535)]), 0)).await.unwrap();
    let error = with_blocks(&node, client.submit(&signed)).await.unwrap_err();
    let again = with_blocks(&node, client.submit(&signed)).await.unwrap_err();
    let ChainError::Refused { block, refusal: Refusal::NeuronNoValidatorPermit } = error else {
        panic!("{error:?}");
    };
    assert!(matches!(again, ChainError::Refused { block: same, .. } if same == block), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_typed() {
    let (node, client) = start().await;
    let (validator, miner) = (validator(), miner());
    let cases = [
        (&miner, NET, row(&[(1, 65535)]), 0, Refusal::NeuronNoValidatorPermit),
        (&validator, COMMITTED, row(&[(2, 65535)]), 0, Refusal::CommitRevealEnabled),
        (&validator, STRICT, row(&[(0, 65535), (1, 1), (2, 1)]), 6, Refusal::IncorrectWeightVersionKey),
        (&validator, STRICT, row(&[(2, 65535)]), 7, Refusal::WeightVecLengthIsLow),
        (&validator, NET, row(&[(99, 65535)]), 0, Refusal::UidVecContainInvalidOne),
        (&validator, NET, row(&[(0, 1), (1, 1), (2, 1), (3, 65535)]), 0, Refusal::UidsLengthExceedUidsInSubNet),
    ];
    for (signer, netuid, weights, version_key, expected) in cases {
        let error = set(&node, &client, signer, netuid, &weights, version_key).await.unwrap_err();
        assert_eq!(error.refusal(), Some(&expected), "{error:?}");
    }
    assert_eq!(client.last_update(NET, MechId(0), Uid(1), None).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_known_before_inclusion() {
    let (node, client) = start().await;
    let weights = row(&[(0, 65535), (1, 1), (2, 1)]);
    set(&node, &client, &validator(), STRICT, &weights, 7).await.unwrap();
    let error = set(&node, &client, &validator(), STRICT, &weights, 7).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Custom(Precheck::RateLimitExceeded))), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_stake_is_known_before_inclusion() {
    let genesis = Genesis { stake_threshold_rao: 2 * STAKE, ..genesis() };
    let node = localnet::spawn(Config { genesis, ..Config::test() }).await.unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let error = set(&node, &client, &validator(), NET, &row(&[(2, 65535)]), 0).await.unwrap_err();
    assert!(matches!(error, ChainError::Invalid(Invalidity::Custom(Precheck::StakeAmountTooLow))), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_sign_is_told_before_signing() {
    let (_node, client) = start().await;
    let stranger = dev_account("//Stranger");
    let weights = row(&[(2, 65535)]);
    let error = client.prepare_set(&stranger, &Row::new(NET, weights.clone(), 0)).await.unwrap_err();
    assert!(matches!(error, ChainError::NotRegistered { netuid: NET, hotkey } if hotkey == stranger.hotkey()));
    let error = client.prepare_set(&validator(), &Row::new(NetUid(77), weights.clone(), 0)).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownNetUid(NetUid(77))));
}
