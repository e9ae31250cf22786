//! Which tokens run next: a state machine without tensors, clocks or channels.
//!
//! A worker has a number of slots, each with room for one sequence's keys and values. A sequence gets a slot, and room
//! for its prompt and everything that it may still add, when it is admitted: once it runs, nothing can stop it but its
//! end. Each step runs one token of every sequence that is answering and, as far as the step's budget goes, a piece of
//! the prompt that waits longest. What a sequence leaves in its slot is kept until the room is needed, so that the next
//! prompt that starts alike can take it over.

use std::{cmp::Reverse, ops::Range};

/// What a worker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Sequences at a time.
    pub(crate) slots: usize,
    /// Tokens of one step, more than `slots`.
    pub(crate) step_tokens: usize,
    /// Tokens that all slots together have room for.
    pub(crate) cache_tokens: usize,
    /// Whether what is left in a slot may be used by another sequence.
    pub(crate) reuse: bool,
}

/// A prefix shorter than this isn't worth looking after.
const MIN_REUSE: usize = 16;

/// The state of a worker's slots.
#[derive(Debug)]
pub(crate) struct Schedule {
    limits: Limits,
    slots: Vec<Slot>,
    /// Counts admissions, to know which slot was used last and which prompt waits longest.
    admitted: u64,
}

#[derive(Debug, Default)]
struct Slot {
    /// What its keys and values are of, in order.
    tokens: Vec<u32>,
    /// Tokens that it has room for.
    room: usize,
    /// The admission that last used it.
    used: u64,
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    /// Tokens that are known and did not run yet: the rest of the prompt, or the last token of the answer.
    waiting: Vec<u32>,
    /// The prompt is not through yet.
    prefill: bool,
}

/// A sequence's place, and what is to be done before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) slot: usize,
    /// Slots whose memory is given back first.
    pub(crate) release: Vec<usize>,
    /// Room that the slot is to have.
    pub(crate) room: usize,
    /// Tokens of the prompt that need not run.
    pub(crate) reused: usize,
    /// The other slot that they are copied from; None if they are in the slot already.
    pub(crate) copy_from: Option<usize>,
}

/// Tokens of one sequence that run in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) slot: usize,
    /// Where they stand in the sequence.
    pub(crate) range: Range<usize>,
    pub(crate) tokens: Vec<u32>,
    /// Nothing of the sequence waits behind them: what comes next is to be chosen.
    pub(crate) last: bool,
}

impl Schedule {
    pub(crate) fn new(limits: Limits) -> Self {
        let slots = (0..limits.slots).map(|_| Slot::default()).collect();
        Self { limits, slots, admitted: 0 }
    }

    /// Whether no sequence has a slot.
    pub(crate) fn is_idle(&self) -> bool {
        self.slots.iter().all(|slot| slot.live.is_none())
    }

    /// Gives a sequence a slot and room for `room` tokens, its prompt included; the first `reusable` tokens of the prompt
    /// need not run if a slot holds what they leave. None if there is none now; there will
    /// be when others have ended, unless `room` is more than there is at all.
    pub(crate) fn admit(&mut self, prompt: &[u32], room: usize, reusable: usize) -> Option<Admission> {
        let source = self.longest_prefix(&prompt[..reusable.min(prompt.len())]);
        let (slot, in_place) = self.place(room, source)?;
        let (from, shared) = source.unzip();
        let (from, mut reused) = (from.unwrap_or(slot), shared.unwrap_or(0));
        // the room that others must give back, those first that were unused longest; the prefix's last of all
        let own = if in_place { self.slots[slot].room } else { 0 };
        let target = room.max(own);
        let live: usize = self.live().map(|slot| slot.room).sum();
        if live + target > self.limits.cache_tokens {
            return None;
        }
        let mut idle: Vec<usize> = (0..self.slots.len())
            .filter(|other| *other != slot && self.slots[*other].live.is_none() && self.slots[*other].room > 0)
            .collect();
        idle.sort_by_key(|other| Reverse((*other == from, self.slots[*other].used)));
        let mut release = Vec::new();
        let mut held: usize = idle.iter().map(|other| self.slots[*other].room).sum();
        if !in_place && self.slots[slot].room > 0 {
            release.push(slot);
        }
        while live + target + held > self.limits.cache_tokens {
            let other = idle.pop()?;
            held -= self.slots[other].room;
            release.push(other);
        }
        if release.contains(&from) {
            reused = 0;
        }
        for released in &release {
            self.slots[*released] = Slot { used: self.slots[*released].used, ..Slot::default() };
        }

        self.admitted += 1;
        let copy_from = (from != slot && reused > 0).then_some(from);
        let place = &mut self.slots[slot];
        place.tokens.clear();
        place.tokens.extend_from_slice(&prompt[..reused]);
        place.room = target;
        place.used = self.admitted;
        place.live = Some(Live { waiting: prompt[reused..].to_vec(), prefill: true });
        if let Some(from) = copy_from {
            self.slots[from].used = self.admitted;
        }
        Some(Admission { slot, release, room: target, reused, copy_from })
    }

    /// The tokens of the next step: within the budget, one of each sequence that is answering, then of the prompt that
    /// waits longest as many as still fit.
    pub(crate) fn plan(&self) -> Vec<Run> {
        let run = |slot: usize, count: usize| {
            let state = &self.slots[slot];
            let waiting = state.live.as_ref().map_or(&[][..], |live| live.waiting.as_slice());
            let (start, count) = (state.tokens.len(), count.min(waiting.len()));
            let tokens = waiting[..count].to_vec();
            Run { slot, range: start..start + count, tokens, last: count == waiting.len() }
        };
        let (mut answering, mut prompts) = (Vec::new(), Vec::new());
        for (index, slot) in self.slots.iter().enumerate() {
            match &slot.live {
                Some(live) if live.prefill => prompts.push(index),
                Some(live) if !live.waiting.is_empty() => answering.push(run(index, 1)),
                _ => {}
            }
        }
        let budget = self.limits.step_tokens.saturating_sub(answering.len()).max(1);
        if let Some(first) = prompts.into_iter().min_by_key(|slot| self.slots[*slot].used) {
            answering.push(run(first, budget));
        }
        answering
    }

    /// Says that a run is done: its tokens are in the slot.
    pub(crate) fn done(&mut self, run: &Run) {
        let slot = &mut self.slots[run.slot];
        if let Some(live) = &mut slot.live {
            live.waiting.drain(..run.tokens.len());
            live.prefill &= !live.waiting.is_empty();
            slot.tokens.extend_from_slice(&run.tokens);
        }
    }

    /// Adds the token that was chosen. It runs in the next step.
    pub(crate) fn push(&mut self, slot: usize, token: u32) {
        if let Some(live) = &mut self.slots[slot].live {
            live.waiting.push(token);
        }
    }

    /// Ends a sequence, at whatever point it is. What ran of it stays in the slot.
    pub(crate) fn end(&mut self, slot: usize) {
        self.slots[slot].live = None;
    }

    /// Ends a sequence whose keys and values can't be relied on.
    pub(crate) fn spoil(&mut self, slot: usize) {
        self.end(slot);
        self.slots[slot].tokens.clear();
    }

    fn live(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.live.is_some())
    }

    /// The slot that starts like these tokens for longest, and for how many.
    fn longest_prefix(&self, tokens: &[u32]) -> Option<(usize, usize)> {
        if !self.limits.reuse {
            return None;
        }
        let shared = |slot: &Slot| {
            let equal = slot.tokens.iter().zip(tokens).take_while(|(held, wanted)| held == wanted);
            equal.count()
        };
        let lengths = self.slots.iter().map(shared).enumerate();
        lengths.max_by_key(|(slot, length)| (*length, Reverse(*slot))).filter(|(_, length)| *length >= MIN_REUSE)
    }

    /// Which free slot to take, and whether as it is.
    fn place(&self, room: usize, source: Option<(usize, usize)>) -> Option<(usize, bool)> {
        let free = || (0..self.slots.len()).filter(|slot| self.slots[*slot].live.is_none());
        // a conversation that goes on stays where it is
        if let Some((slot, shared)) = source
            && self.slots[slot].live.is_none()
            && shared == self.slots[slot].tokens.len()
        {
            return Some((slot, true));
        }
        let held: usize = self.slots.iter().map(|slot| slot.room).sum();
        let empty = free().find(|slot| self.slots[*slot].room == 0);
        if let Some(slot) = empty.filter(|_| held + room <= self.limits.cache_tokens) {
            return Some((slot, true));
        }
        // the slot unused longest, its own prefix's last of all
        let prefix = source.map(|(slot, _)| slot);
        let oldest = free().filter(|slot| self.slots[*slot].room > 0 && Some(*slot) != prefix);
        let oldest = oldest.min_by_key(|slot| self.slots[*slot].used);
        if let Some(slot) = oldest {
            // more room than is wanted would be kept from others
            return Some((slot, (room..=2 * room).contains(&self.slots[slot].room)));
        }
        match prefix.filter(|slot| self.slots[*slot].live.is_none()) {
            Some(slot) => Some((slot, true)),
            None => empty.map(|slot| (slot, true)),
        }
    }
}

#[cfg(test)]
#[path = "schedule/tests.rs"]
mod tests;
