//! Follows the subnet's metagraph, block by finalised block.

use std::sync::Arc;

use futures::StreamExt;
use primitives::NetUid;
use tokio::sync::watch;

use crate::roster::Roster;

/// Read the metagraph at every finalised block, for ever. While the chain is away the last one stands.
pub(crate) async fn follow(chain: chain::Client, netuid: NetUid, subnet: watch::Sender<Option<Arc<Roster>>>) {
    let mut heads = chain.finalized_stream();
    while let Some(head) = heads.next().await {
        let metagraph = match head {
            Ok(block) => chain.metagraph(netuid, Some(block.hash)).await,
            Err(error) => Err(error),
        };
        match metagraph {
            Ok(metagraph) => {
                tracing::debug!(netuid = netuid.0, block = metagraph.block.number, "metagraph read");
                subnet.send_replace(Some(Arc::new(Roster::new(metagraph))));
            }
            Err(error) => tracing::warn!(netuid = netuid.0, %error, "metagraph not read"),
        }
    }
}
