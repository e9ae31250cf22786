//! Checks that don't wait for each other. A transaction takes some blocks to be final, and an account signs one at a time:
//! those of different accounts go together.

use std::{future::Future, time::Instant};

use futures::future::{LocalBoxFuture, join_all};
use primitives::Keypair;

use crate::report::{Checked, Notes};

/// A check, and whose transaction it sends.
pub struct Turn<'a> {
    name: String,
    signer: [u8; 32],
    check: LocalBoxFuture<'a, Checked>,
}

impl<'a> Turn<'a> {
    /// A check that `signer` signs something for.
    pub fn new(name: impl Into<String>, signer: &Keypair, check: impl Future<Output = Checked> + 'a) -> Self {
        Self { name: name.into(), signer: signer.public(), check: Box::pin(check) }
    }
}

/// Make checks, as many at a time as there are signers, and take them down.
pub async fn together(notes: &mut Notes<'_>, mut turns: Vec<Turn<'_>>) {
    while !turns.is_empty() {
        let (mut now, mut later) = (Vec::<Turn<'_>>::new(), Vec::new());
        for turn in turns {
            let busy = now.iter().any(|other| other.signer == turn.signer);
            if busy { later.push(turn) } else { now.push(turn) }
        }
        let checks = now.into_iter().map(|turn| async {
            let began = Instant::now();
            let result = turn.check.await;
            (turn.name, began.elapsed(), result)
        });
        for (name, took, result) in join_all(checks).await {
            notes.note(name, took, result);
        }
        turns = later;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[tokio::test]
    async fn nobody_signs_two_at_a_time() {
        let keys = ["//One", "//Two"].map(|uri| Keypair::from_uri(uri).unwrap());
        let busy = [Cell::new(false), Cell::new(false)];
        let most = Cell::new(0);
        let order = RefCell::new(Vec::new());
        let turn = |name: &'static str, who: usize| {
            let (busy, most, order) = (&busy, &most, &order);
            Turn::new(name, &keys[who], async move {
                assert!(!busy[who].replace(true), "{name}");
                most.set(busy.iter().filter(|busy| busy.get()).count().max(most.get()));
                tokio::task::yield_now().await;
                busy[who].set(false);
                order.borrow_mut().push(name);
                Ok(String::new())
            })
        };
        let mut notes = Notes::new("", |_| {});
        together(&mut notes, vec![turn("a", 0), turn("b", 0), turn("c", 1), turn("d", 0)]).await;
        assert_eq!((most.get(), order.borrow().as_slice()), (2, ["a", "c", "b", "d"].as_slice()));
        assert_eq!(notes.close().ok, 4);
    }
}
