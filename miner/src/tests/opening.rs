//! Hidden rows: committed to while the answer streams, and shown afterwards.

use std::sync::Arc;

use protos::{HiddenRow, OPEN, OpenRequest, decode_openings, receipt, wire::SignedResponse};
use scoring::proof::{Commitment, Opening, Rows};
use tempfile::tempdir;

use super::*;

fn rows() -> Arc<Rows> {
    Arc::new(Rows::new(16, (0..160).map(|value| 0x3F80 + value).collect()).unwrap())
}

impl Scene {
    /// Answer the next job with these rows behind it.
    async fn answer_with_rows(&mut self, rows: Arc<Rows>) {
        let job = self.job().await;
        job.say(&[1, 2, 3], "one").await;
        let commitment = Commitment::of(rows.values()).unwrap();
        job.chunks.send(Ok(Chunk::Commitment(commitment))).await.unwrap();
        job.chunks.send(Ok(Chunk::Finished { reason: FinishReason::Length, rows: Some(rows) })).await.unwrap();
    }

    /// A request's digest, and the answer with rows behind it.
    async fn asked_and_answered(&mut self) -> (Digest, Answer) {
        let request = self.sign(&prompt("a"));
        let digest = envelope::digest(&request, protos::GENERATE).unwrap();
        let asking = tokio::spawn(ask(self.client.clone(), self.binding.receiver, request));
        self.answer_with_rows(rows()).await;
        (digest, within(asking).await.unwrap().unwrap())
    }

    async fn open_as(&mut self, key: &Keypair, asked: &OpenRequest) -> Result<(Digest, SignedResponse), Status> {
        open(&mut self.client, &self.binding, key, asked).await
    }
}

async fn open(
    client: &mut MinerClient<Channel>,
    binding: &Binding,
    key: &Keypair,
    asked: &OpenRequest,
) -> Result<(Digest, SignedResponse), Status> {
    let (payload, nonce) = (asked.encode().unwrap(), envelope::fresh_nonce());
    let signed = envelope::seal(key, binding, OPEN, payload, clock::now_ms(), 30_000, nonce);
    let digest = envelope::digest(&signed, OPEN).unwrap();
    Ok((digest, within(client.open(signed)).await?.into_inner()))
}

#[tokio::test]
async fn rows_are_shown_to_whoever_was_answered() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let (digest, answer) = scene.asked_and_answered().await;
    assert_eq!(answer.commitments, [Commitment::of(rows().values()).unwrap().encode()]);
    let root = answer.rows_root.unwrap();

    let asked = OpenRequest { request: digest, positions: vec![9, 0, 4] };
    let (opened, response) = scene.open_as(&alice(), &asked).await.unwrap();
    receipt::verify_response(&scene.binding.receiver, &opened, &response).unwrap();
    for HiddenRow { position, row, path } in decode_openings(&response.payload, &asked.positions).unwrap() {
        assert_eq!(row, rows().row(position as usize).unwrap());
        assert!(Opening { position, row, path }.belongs_to(&root, 10));
    }

    // Somebody else on the subnet, another answer, a row that isn't there.
    let bob = Keypair::from_uri("//Bob").unwrap();
    let hotkeys = [scene.binding.receiver, alice().hotkey(), bob.hotkey()];
    scene.subnet.send_replace(Some(Arc::new(Roster::new(metagraph(&hotkeys)))));
    let other = OpenRequest { request: Digest([9; 32]), positions: vec![0] };
    let outside = OpenRequest { request: digest, positions: vec![0, 10] };
    for (key, asked, reason) in
        [(&bob, &asked, Reason::NotKept), (&alice(), &other, Reason::NotKept), (&alice(), &outside, Reason::BadPayload)]
    {
        let status = scene.open_as(key, asked).await.unwrap_err();
        assert_eq!(Refusal::from_status(&status).unwrap().reason, reason);
    }
}

#[tokio::test]
async fn a_model_that_shows_no_rows_names_none() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let request = scene.sign(&prompt("a"));
    let digest = envelope::digest(&request, protos::GENERATE).unwrap();
    let asking = tokio::spawn(ask(scene.client.clone(), scene.binding.receiver, request));
    let job = scene.job().await;
    job.say(&[1], "one").await;
    job.finish().await;
    let answer = within(asking).await.unwrap().unwrap();
    assert_eq!((answer.rows_root, answer.commitments), (None, Vec::new()));
    let asked = OpenRequest { request: digest, positions: vec![0] };
    let status = scene.open_as(&alice(), &asked).await.unwrap_err();
    assert_eq!(Refusal::from_status(&status).unwrap().reason, Reason::NotKept);
}

/// Who was answered last can still see rows, though nobody new is served.
#[tokio::test]
async fn rows_are_shown_while_the_miner_drains() {
    let folder = tempdir().unwrap();
    let mut scene = scene(Config::test(folder.path())).await;
    let (digest, _) = scene.asked_and_answered().await;

    let late = scene.sign(&prompt("late"));
    let (mut client, binding, addr) = (scene.client.clone(), scene.binding, scene.miner.addr());
    let shutdown = tokio::spawn(scene.miner.shutdown());
    // Refused as soon as the miner has heard of it.
    let refused = within(async {
        loop {
            match client.generate(late.clone()).await {
                Err(status) if Refusal::from_status(&status).is_some_and(|it| it.reason == Reason::Draining) => return,
                _ => tokio::task::yield_now().await,
            }
        }
    });
    refused.await;
    let asked = OpenRequest { request: digest, positions: vec![2] };
    assert!(open(&mut client, &binding, &alice(), &asked).await.is_ok());
    within(shutdown).await.unwrap();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
