//! The front door: a listener that leads to one node.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64},
    },
};

use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{Fault, Kind, Mood, road};

/// A road to one node.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) node: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) mood: watch::Sender<Mood>,
    /// Counts up when every connection is to end.
    pub(crate) cuts: watch::Sender<u64>,
    rules: Mutex<Vec<Rule>>,
    seen: watch::Sender<BTreeMap<Kind, u64>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    connections: AtomicU64,
    /// Messages for which the next connection is spared.
    pub(crate) spared: AtomicU32,
    /// The last answers to the questions for a head.
    pub(crate) heads: Mutex<BTreeMap<String, serde_json::Value>>,
}

#[derive(Clone, Debug)]
struct Rule {
    kind: Kind,
    fault: Fault,
    once: bool,
}

impl Proxy {
    /// Open a road to a node. What happens at random follows from `seed`.
    pub async fn to(node: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State {
            node,
            seed,
            mood: watch::Sender::default(),
            cuts: watch::Sender::default(),
            rules: Mutex::default(),
            seen: watch::Sender::default(),
            faults: Mutex::default(),
            connections: AtomicU64::new(0),
            spared: AtomicU32::new(0),
            heads: Mutex::default(),
        });
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and every road with it.
            let mut roads = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((client, _)) = accepted else { continue };
                        roads.spawn(road::travel(shared.clone(), client));
                    }
                    Some(_) = roads.join_next() => {}
                }
            }
        });
        Ok(Self { addr, state, accepting })
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// What happens from now on to messages that no rule is for.
    pub fn set(&self, mood: Mood) {
        self.state.mood.send_replace(mood);
    }

    /// What happens from now on to all messages of a kind, whatever the mood.
    pub fn always(&self, kind: Kind, fault: Fault) {
        lock(&self.state.rules).push(Rule { kind, fault, once: false });
    }

    /// What happens to the next message of a kind. Of several such rules for a kind, each takes one message.
    pub fn once(&self, kind: Kind, fault: Fault) {
        lock(&self.state.rules).push(Rule { kind, fault, once: true });
    }

    /// Forget all rules.
    pub fn forget_rules(&self) {
        lock(&self.state.rules).clear();
    }

    /// Close every connection that there is. New ones can be made.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How many messages of a kind came to the proxy, whatever became of them.
    pub fn seen(&self, kind: &Kind) -> u64 {
        self.state.seen.borrow().get(kind).copied().unwrap_or_default()
    }

    /// Wait for one more message of a kind than there were when this was called.
    pub fn next(&self, kind: Kind) -> impl Future<Output = ()> + use<> {
        let mut seen = self.state.seen.subscribe();
        let before = self.seen(&kind);
        async move {
            // The proxy is gone: nothing comes any more.
            if seen.wait_for(|seen| seen.get(&kind).copied().unwrap_or_default() > before).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How often what went wrong, by the fault's name in lower case.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.state.faults).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    /// The number of a new connection, from 0.
    pub(crate) fn connected(&self) -> u64 {
        self.connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn saw(&self, kind: &Kind) {
        self.seen.send_modify(|seen| *seen.entry(kind.clone()).or_default() += 1);
    }

    pub(crate) fn did(&self, fault: Fault) {
        *lock(&self.faults).entry(fault.name()).or_default() += 1;
    }

    /// What a rule says about a message.
    pub(crate) fn ruled(&self, kind: &Kind) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let place = rules.iter().position(|rule| rule.kind == *kind)?;
        let rule = &rules[place];
        let (fault, once) = (rule.fault, rule.once);
        if once {
            rules.remove(place);
        }
        Some(fault)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
