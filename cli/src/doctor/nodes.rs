//! The chain's nodes: whether they answer, are of one chain, and go on.

use std::{
    iter,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chain::{ChainError, Client, Deadlines};
use futures::future::join_all;
use primitives::BlockRef;

use crate::{doctor::Finding, identity::is_local, settings::ChainSettings};

const NAME: &str = "chain";
/// A final block of a public chain is younger than that: blocks come every twelve seconds, and are final three later.
const OLD_MS: u64 = 120_000;

/// A node that answered.
struct Node {
    client: Client,
    block: BlockRef,
    block_ms: u64,
}

/// Every node of the settings, and a client of the first that will do.
pub async fn look(settings: &ChainSettings) -> (Vec<Finding>, Option<Client>) {
    let urls: Vec<&str> = iter::once(&settings.url).chain(&settings.fallback_urls).map(String::as_str).collect();
    let nodes = join_all(urls.iter().map(|url| ask(url))).await;
    let first = nodes.iter().find_map(|node| node.as_ref().ok()).map(|node| node.client.clone());
    let mut findings = Vec::new();
    for (url, node) in urls.iter().zip(nodes) {
        findings.push(match node {
            Err(error) => {
                let finding = Finding::of_error(NAME, &error.into(), "set chain.url to a node that answers");
                // Another one stands in for it.
                if first.is_some() { Finding { state: super::State::Warning, ..finding } } else { finding }
            }
            Ok(node) => judge(url, &node, first.as_ref(), now_ms()),
        });
    }
    (findings, first)
}

async fn ask(url: &str) -> Result<Node, ChainError> {
    let deadlines =
        Deadlines { connect: Duration::from_secs(5), call: Duration::from_secs(10), ..Deadlines::default() };
    let client = Client::connect_with(url, deadlines).await?;
    let clock = client.block_clock(None).await?;
    Ok(Node { client, block: clock.block, block_ms: clock.now_ms })
}

fn judge(url: &str, node: &Node, first: Option<&Client>, now_ms: u64) -> Finding {
    let genesis = node.client.genesis();
    if let Some(first) = first.filter(|first| first.genesis() != genesis) {
        let found = format!("{url} serves chain {genesis}, and {} serves {}", first.url(), first.genesis());
        return Finding::failed(NAME, found, "name nodes of one chain in chain.url and chain.fallback_urls");
    }
    let age_ms = now_ms.saturating_sub(node.block_ms);
    let found = format!("{url}: genesis {genesis}, block {} final, {} s old", node.block.number, age_ms / 1_000);
    if age_ms > OLD_MS && !is_local(url) {
        return Finding::failed(NAME, found, "name a node that is in step with its chain");
    }
    Finding::ok(NAME, found)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use localnet::{Config, spawn};

    use super::*;
    use crate::doctor::State;

    #[tokio::test(flavor = "multi_thread")]
    async fn nodes_are_held_against_each_other() {
        let chain = spawn(Config::test()).await.unwrap();
        let other = spawn(Config {
            genesis: localnet::Genesis { network_rate_limit: 9, ..Default::default() },
            ..Config::test()
        });
        let other = other.await.unwrap();
        assert_ne!(chain.genesis(), other.genesis());
        let nobody = "ws://127.0.0.1:1".to_owned();
        let states = |url: String, fallback_urls: Vec<String>| async move {
            let settings = ChainSettings { url, fallback_urls };
            let (findings, client) = look(&settings).await;
            (findings.iter().map(|finding| finding.state).collect::<Vec<_>>(), client.map(|client| client.genesis()))
        };
        assert_eq!(states(chain.url(), vec![]).await, (vec![State::Ok], Some(chain.genesis())));
        assert_eq!(states(nobody.clone(), vec![]).await, (vec![State::Failed], None));
        assert_eq!(states(nobody, vec![chain.url()]).await, (vec![State::Warning, State::Ok], Some(chain.genesis())));
        assert_eq!(
            states(chain.url(), vec![other.url()]).await,
            (vec![State::Ok, State::Failed], Some(chain.genesis()))
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_head_that_stands_still_is_seen() {
        let chain = spawn(Config::test()).await.unwrap();
        chain.author_block().unwrap();
        let node = ask(&chain.url()).await.unwrap();
        let (soon, late) = (node.block_ms + OLD_MS, node.block_ms + OLD_MS + 1);
        // By the name under which it is known, a node elsewhere.
        assert_eq!(judge("wss://example.org", &node, None, soon).state, State::Ok);
        assert_eq!(judge("wss://example.org", &node, None, late).state, State::Failed);
        assert_eq!(judge(&chain.url(), &node, None, late).state, State::Ok);
    }
}
