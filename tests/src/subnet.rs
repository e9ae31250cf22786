//! A subnet that moves when told to.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use cli::demo::{
    cast::{Role, Troupe},
    stage::{self, Keys, NETUID, Player},
};
use localnet::BlockTime;
use model::Engine;
use primitives::{BlockRef, Hotkey, MechId, Metagraph};
use scoring::{Gate, Incentive};
use tokio::time::timeout;

/// Nothing in a test may take longer: it hangs then.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the pool is looked at while something may have to be included.
const GLANCE: Duration = Duration::from_millis(5);

/// So many glances at an empty pool make a block all the same: some wait for time to pass.
const IDLE_GLANCES: u32 = 40;

/// The chain, and who is on it.
pub struct Subnet {
    /// The chain; its blocks are made by hand.
    pub chain: localnet::Handle,
    /// A client of it.
    pub client: chain::Client,
    /// Everybody's keys.
    pub keys: Keys,
    /// The model that is to be served.
    pub engine: Arc<Engine>,
    /// The miners.
    pub players: Vec<Player>,
    folder: tempfile::TempDir,
}

/// Make blocks until `work` is done: one whenever a transaction waits, and one now and then.
pub async fn by_hand<T>(chain: &localnet::Handle, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut glances = tokio::time::interval(GLANCE);
    let drive = async {
        tokio::pin!(work);
        let mut idle = 0;
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                _ = glances.tick() => idle += 1,
            }
            if chain.pending() > 0 || idle >= IDLE_GLANCES {
                chain.author_block()?;
                idle = 0;
            }
        }
    };
    timeout(PATIENCE, drive).await.context("no end in sight")?
}

impl Subnet {
    /// Start a chain with an epoch every `tempo` blocks, register and stake one validator, and start a miner per role.
    pub async fn open(tempo: u16, roles: &[Role]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
        let engine = Arc::new(Engine::load(&model)?);
        let troupe = Troupe::new(engine.clone(), &model, folder.path(), roles)?;
        let keys = Keys::derive(0, 1, roles.len())?;
        let listen = ([127, 0, 0, 1], 0).into();
        let chain = stage::chain(listen, BlockTime::Manual, stage::genesis(tempo, 1)).await?;
        let client = chain::Client::connect(&chain.url()).await?;
        by_hand(&chain, stage::enrol(&client, &keys, |_| {})).await??;
        let players = by_hand(&chain, stage::miners(&client, &keys, roles, &troupe, folder.path())).await??;
        Ok(Self { chain, client, keys, engine, players, folder })
    }

    /// A folder that goes away with the subnet.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The validator's settings.
    pub fn validator_config(&self) -> validator::Config {
        validator::Config {
            request_deadline_ms: 3_000,
            weights_margin_blocks: 8,
            // As where not all answers are audited.
            incentive: Incentive { gate: Gate { penalty_answers: 20, ..Gate::default() }, ..Incentive::default() },
            ..validator::Config::test(NETUID, self.folder())
        }
    }

    /// Start the validator.
    pub async fn validator(&self) -> Result<validator::Handle, validator::SpawnError> {
        let (_, key) = &self.keys.validators[0];
        validator::spawn(self.validator_config(), key.clone(), self.engine.clone(), self.client.clone()).await
    }

    /// Make one block, and wait until the validator has scored the round that it anchors.
    pub async fn round(&self, validator: &validator::Handle) -> anyhow::Result<BlockRef> {
        let block = self.chain.author_block()?;
        let mut status = validator.status();
        let scored =
            status.wait_for(|status| status.last_round.is_some_and(|round| round.block.number >= block.number));
        timeout(PATIENCE, scored).await.context("the round isn't scored")??;
        Ok(block)
    }

    /// Make blocks until the validator has brought the weights of the current epoch to an end.
    pub async fn weights(&self, validator: &validator::Handle) -> anyhow::Result<validator::Submission> {
        let mut status = validator.status();
        let before = status.borrow_and_update().last_submission.clone();
        let ended = by_hand(&self.chain, status.wait_for(|status| status.last_submission != before)).await??;
        ended.last_submission.clone().context("no submission")
    }

    /// Make blocks until the next epoch has run; the metagraph of its block.
    pub async fn epoch(&self) -> anyhow::Result<Metagraph> {
        let (metagraph, rules) = self.client.subnet(NETUID, MechId(0), None).await?;
        let due = rules.next_epoch_block(metagraph.block.number).context("no epochs")?;
        while self.chain.best().number < due {
            self.chain.author_block()?;
        }
        Ok(self.client.metagraph(NETUID, Some(self.chain.best().hash)).await?)
    }

    /// The miner with a role.
    pub fn hotkey(&self, role: Role) -> Hotkey {
        self.players.iter().find(|player| player.role == role).expect("the role is cast").hotkey
    }
}
