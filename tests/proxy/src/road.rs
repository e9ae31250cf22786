//! One connection: two websockets, and what happens between them.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use soketto::{
    connection::{Receiver, Sender},
    handshake::{Client, Server, ServerResponse, server::Response},
};
use tokio::{net::TcpStream, sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use crate::{
    Fault, Kind, Mood,
    message::{Envelope, Parameters, garble, unknown_method},
    proxy::{State, lock},
};

type Socket = Compat<TcpStream>;

/// Messages that wait for their turn.
const WAITING: usize = 64;
/// Requests without an answer that are remembered.
const UNANSWERED: usize = 4096;
/// The longest that a message waits for another to overtake it.
const SWAP: Duration = Duration::from_millis(30);
/// Requests for what a stale node goes back on.
const HEADS: [&str; 3] = ["chain_getFinalizedHead", "chain_getHeader", "chain_getBlockHash"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    ToNode,
    ToClient,
}

/// A message that is late.
struct Late {
    due: Instant,
    /// It goes after the next one of its direction.
    swapped: bool,
    direction: Direction,
    text: String,
}

/// What is kept of a request until it is answered.
struct Asked {
    method: String,
    /// For the head, whichever that is.
    for_head: bool,
}

struct Road {
    state: Arc<State>,
    to_node: Sender<Socket>,
    to_client: Sender<Socket>,
    asked: HashMap<String, Asked>,
    late: Vec<Late>,
    rng: StdRng,
    /// Messages that pass whatever the chance.
    spared: u32,
    passed: u32,
    /// Nothing passes any more; until when, if that ends.
    deaf: Option<Option<Instant>>,
}

/// The end of a connection.
struct End;

/// Lead one client to the node, for as long as that goes.
pub(crate) async fn travel(state: Arc<State>, client: TcpStream) {
    let number = state.connected();
    let mut mood = state.mood.subscribe();
    let mut cuts = state.cuts.subscribe();
    // What is closed now stays closed: a connection made during a cut does not come back with the mood.
    cuts.mark_unchanged();
    let ends = async {
        tokio::select! {
            _ = mood.wait_for(|mood| *mood == Mood::Closed) => {}
            _ = cuts.changed() => {}
        }
    };
    tokio::select! {
        biased;
        () = ends => {}
        _ = connect(state.clone(), client, number) => {}
    }
}

async fn connect(state: Arc<State>, client: TcpStream, number: u64) -> Result<(), soketto::BoxedError> {
    let node = TcpStream::connect(state.node).await?;
    client.set_nodelay(true)?;
    node.set_nodelay(true)?;
    let host = state.node.to_string();
    let mut client = Server::new(client.compat());
    let key = client.receive_request().await?.key();
    client.send_response(&Response::Accept { key, protocol: None }).await?;
    let mut node = Client::new(node.compat(), &host, "/");
    if !matches!(node.handshake().await?, ServerResponse::Accepted { .. }) {
        return Ok(());
    }
    let (to_client, from_client) = client.into_builder().finish();
    let (to_node, from_node) = node.into_builder().finish();
    let mut readers = JoinSet::new();
    let mut from_client = read(&mut readers, from_client);
    let mut from_node = read(&mut readers, from_node);
    let mut road = Road {
        to_node,
        to_client,
        asked: HashMap::new(),
        late: Vec::new(),
        rng: StdRng::seed_from_u64(state.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        spared: state.spared.swap(0, Ordering::Relaxed),
        passed: 0,
        deaf: None,
        state,
    };
    loop {
        let wake = road.wake();
        let ended = tokio::select! {
            biased;
            message = from_client.recv() => match message {
                Some(text) => road.take(Direction::ToNode, text).await,
                None => Err(End),
            },
            message = from_node.recv() => match message {
                Some(text) => road.take(Direction::ToClient, text).await,
                None => Err(End),
            },
            () = at(wake) => road.wake_up().await,
        };
        if ended.is_err() {
            return Ok(());
        }
    }
}

/// Read a socket in a task of its own: a read can't be given up half-way.
fn read(readers: &mut JoinSet<()>, mut from: Receiver<Socket>) -> mpsc::Receiver<String> {
    let (messages, waiting) = mpsc::channel(WAITING);
    readers.spawn(async move {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            if from.receive_data(&mut buffer).await.is_err() {
                return;
            }
            let text = String::from_utf8_lossy(&buffer).into_owned();
            if messages.send(text).await.is_err() {
                return;
            }
        }
    });
    waiting
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

impl Road {
    /// When there is something to do although no message came.
    fn wake(&self) -> Option<Instant> {
        let late = self.late.iter().map(|late| late.due);
        late.chain(self.deaf.flatten()).min()
    }

    async fn wake_up(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.deaf.flatten().is_some_and(|until| until <= now) {
            return Err(End);
        }
        while let Some(place) = self.late.iter().position(|late| late.due <= now) {
            let Late { direction, text, .. } = self.late.remove(place);
            self.send(direction, text).await?;
        }
        Ok(())
    }

    /// A message came.
    async fn take(&mut self, direction: Direction, text: String) -> Result<(), End> {
        let (kind, for_head) = self.kind(direction, &text);
        if let Some(kind) = &kind {
            self.state.saw(kind);
        }
        let mood = *self.state.mood.borrow();
        if self.deaf.is_some() {
            return Ok(());
        }
        let Some(kind) = kind else { return self.pass(direction, text).await };
        if let Some(fault) = self.state.ruled(&kind) {
            return self.suffer(fault, direction, text, None).await;
        }
        match mood {
            Mood::Closed => Err(End),
            Mood::Open => self.pass(direction, text).await,
            Mood::Hangs => {
                self.deaf = Some(None);
                Ok(())
            }
            Mood::Stale => match kind {
                Kind::News(_) => Ok(()),
                Kind::Answer(method) if for_head => {
                    let text = self.as_before(&method, &text);
                    self.pass(direction, text).await
                }
                _ => self.pass(direction, text).await,
            },
            Mood::Random(weights) => {
                let drawn = weights.draw(&mut self.rng, &kind);
                if self.spared > 0 {
                    self.spared -= 1;
                    return self.pass(direction, text).await;
                }
                let Some(fault) = drawn else { return self.pass(direction, text).await };
                if fault.breaks() && self.passed < weights.spared {
                    self.state.spared.store(weights.spared, Ordering::Relaxed);
                }
                self.suffer(fault, direction, text, Some(weights.longest_hang)).await
            }
        }
    }

    async fn suffer(
        &mut self,
        fault: Fault,
        direction: Direction,
        text: String,
        longest_hang: Option<Duration>,
    ) -> Result<(), End> {
        self.state.did(fault);
        match fault {
            Fault::Delay(by) => self.later(by, false, direction, text),
            Fault::Swap => self.later(SWAP, true, direction, text),
            Fault::Lose => {}
            Fault::Garble(garbage) if direction == Direction::ToClient => {
                return self.pass(direction, garble(garbage, &text)).await;
            }
            Fault::Garble(_) => {}
            Fault::Unknown if direction == Direction::ToNode => {
                if let Some(answer) = unknown_method(&text) {
                    return self.pass(Direction::ToClient, answer).await;
                }
            }
            Fault::Unknown => {}
            Fault::Hang => self.deaf = Some(longest_hang.map(|longest| Instant::now() + longest)),
            Fault::Cut => return Err(End),
        }
        Ok(())
    }

    fn later(&mut self, by: Duration, swapped: bool, direction: Direction, text: String) {
        self.late.push(Late { due: Instant::now() + by, swapped, direction, text });
    }

    /// Pass a message on, and after it what it was to overtake.
    async fn pass(&mut self, direction: Direction, text: String) -> Result<(), End> {
        self.send(direction, text).await?;
        self.passed += 1;
        while let Some(place) = self.late.iter().position(|late| late.swapped && late.direction == direction) {
            let late = self.late.remove(place);
            self.send(direction, late.text).await?;
        }
        Ok(())
    }

    async fn send(&mut self, direction: Direction, text: String) -> Result<(), End> {
        // The end of the connection is on its way, on a busy machine a little later: nothing passes meanwhile.
        if *self.state.mood.borrow() == Mood::Closed {
            return Err(End);
        }
        if self.deaf.is_some() {
            return Ok(());
        }
        let to = match direction {
            Direction::ToNode => &mut self.to_node,
            Direction::ToClient => &mut self.to_client,
        };
        to.send_text_owned(text).await.map_err(|_| End)?;
        to.flush().await.map_err(|_| End)
    }

    /// What a message is, and whether it tells a head. None of what is no single JSON-RPC message.
    fn kind(&mut self, direction: Direction, text: &str) -> (Option<Kind>, bool) {
        let Some(Envelope { id, method }) = Envelope::of(text) else { return (None, false) };
        match (direction, id, method) {
            (Direction::ToNode, Some(id), Some(method)) => {
                let for_head = HEADS.contains(&method.as_str()) && Parameters::are_absent(text);
                if self.asked.len() < UNANSWERED {
                    self.asked.insert(id.to_string(), Asked { method: method.clone(), for_head });
                }
                (Some(Kind::Request(method)), for_head)
            }
            (Direction::ToClient, Some(id), None) => match self.asked.remove(&id.to_string()) {
                Some(Asked { method, for_head }) => {
                    if for_head && *self.state.mood.borrow() != Mood::Stale {
                        self.remember(&method, text);
                    }
                    (Some(Kind::Answer(method)), for_head)
                }
                None => (None, false),
            },
            (Direction::ToClient, None, Some(method)) => (Some(Kind::News(method)), false),
            _ => (None, false),
        }
    }

    fn remember(&self, method: &str, text: &str) {
        if let Some(result) = result_of(text) {
            lock(&self.state.heads).insert(method.to_owned(), result);
        }
    }

    /// An answer as it was before the node became stale; the first one since where nobody asked before.
    fn as_before(&self, method: &str, text: &str) -> String {
        let Ok(mut answer) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
        let Some(result) = result_of(text) else { return text.to_owned() };
        answer["result"] = json!(lock(&self.state.heads).entry(method.to_owned()).or_insert(result));
        answer.to_string()
    }
}

fn result_of(text: &str) -> Option<Value> {
    serde_json::from_str::<Value>(text).ok()?.get_mut("result").map(Value::take)
}
