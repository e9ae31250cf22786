use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { slots: 4, step_tokens: 32, cache_tokens: 400, reuse: true };

fn prompt(start: u32, len: u32) -> Vec<u32> {
    (start..start + len).collect()
}

/// All of a prompt but its last token may be taken over: that one's output is wanted.
fn admit(schedule: &mut Schedule, prompt: &[u32], room: usize) -> Option<Admission> {
    schedule.admit(prompt, room, prompt.len() - 1)
}

/// Runs one step; the tokens that ran.
fn step(schedule: &mut Schedule) -> Vec<Run> {
    let runs = schedule.plan();
    for run in &runs {
        schedule.done(run);
        if run.last {
            schedule.push(run.slot, 7);
        }
    }
    runs
}

/// Whether the prompt in a slot was run to its end.
fn through(runs: &[Run], slot: usize) -> bool {
    runs.iter().any(|run| run.slot == slot && run.last)
}

#[test]
fn answers_go_on_while_a_prompt_is_taken_in_piece_by_piece() {
    let mut schedule = Schedule::new(LIMITS);
    let short = admit(&mut schedule, &prompt(0, 5), 50).expect("free");
    assert_eq!((short.slot, short.reused, short.room, short.copy_from), (0, 0, 50, None));
    let runs = step(&mut schedule);
    assert_eq!(runs, [Run { slot: 0, range: 0..5, tokens: prompt(0, 5), last: true }]);
    admit(&mut schedule, &prompt(100, 70), 100).expect("free");
    let lengths: Vec<Vec<usize>> =
        (0..4).map(|_| step(&mut schedule).iter().map(|run| run.tokens.len()).collect()).collect();
    assert_eq!(lengths, [vec![1, 31], vec![1, 31], vec![1, 8], vec![1, 1]]);
}

#[test]
fn a_prefix_is_taken_over() {
    let mut schedule = Schedule::new(LIMITS);
    admit(&mut schedule, &prompt(0, 40), 60).expect("free");
    while !through(&step(&mut schedule), 0) {}
    // from a sequence that is still answering, as a copy
    let beside = admit(&mut schedule, &prompt(0, 45), 60).expect("free");
    assert_eq!((beside.slot, beside.reused, beside.copy_from), (1, 40, Some(0)));
    schedule.end(0);
    schedule.end(1);
    // all but the last token, which must run
    let again = admit(&mut schedule, &prompt(0, 40), 60).expect("free");
    assert_eq!((again.reused, again.copy_from.is_some()), (39, true));
    // where the conversation goes on, in place
    schedule.end(again.slot);
    let mut longer = schedule.slots[0].tokens.clone();
    longer.extend(prompt(500, 20));
    let on = admit(&mut schedule, &longer, 90).expect("free");
    assert_eq!((on.slot, on.copy_from, on.reused), (0, None, longer.len() - 20));
    // but not a short one, and not if that isn't wanted
    assert_eq!(admit(&mut schedule, &prompt(0, 12), 20).expect("free").reused, 0);
    let mut plain = Schedule::new(Limits { reuse: false, ..LIMITS });
    admit(&mut plain, &prompt(0, 40), 60).expect("free");
    while !through(&step(&mut plain), 0) {}
    assert_eq!(admit(&mut plain, &prompt(0, 40), 60).expect("free").reused, 0);
}

#[test]
fn what_cannot_be_relied_on_is_not_taken_over() {
    let mut schedule = Schedule::new(LIMITS);
    let first = admit(&mut schedule, &prompt(0, 20), 60).expect("free");
    step(&mut schedule);
    schedule.spoil(first.slot);
    assert_eq!(admit(&mut schedule, &prompt(0, 20), 60).expect("free").reused, 0);
}

#[test]
fn room_is_taken_from_what_was_unused_longest() {
    let mut schedule = Schedule::new(LIMITS);
    for start in [0, 1000, 2000] {
        let slot = admit(&mut schedule, &prompt(start, 100), 130).expect("free").slot;
        while !through(&step(&mut schedule), slot) {}
    }
    assert_eq!(admit(&mut schedule, &prompt(3000, 10), 50), None);
    (0..3).for_each(|slot| schedule.end(slot));
    let next = admit(&mut schedule, &prompt(3000, 10), 50).expect("room");
    assert_eq!(next.release, [0]);
    assert_eq!(admit(&mut schedule, &prompt(1000, 101), 130).expect("room").reused, 100);
    assert_eq!(admit(&mut schedule, &prompt(4000, 10), 401), None);
}

/// A request of the simulation.
#[derive(Clone, Debug)]
struct Request {
    /// Steps after the one before at which it arrives.
    after: usize,
    /// Which of a few texts its prompt starts with, and how long it is.
    family: u32,
    prompt: usize,
    answer: usize,
    /// It is given up after so many of its tokens.
    cancelled: Option<usize>,
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (0..6usize, 0..3u32, 1..120usize, 0..60usize, prop::option::weighted(0.2, 0..60usize));
    let request = request.prop_map(|(after, family, prompt, answer, cancelled)| Request {
        after,
        family,
        prompt,
        answer,
        cancelled,
    });
    prop::collection::vec(request, 1..40)
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..6usize, 1..64usize, 180..600usize, any::<bool>()).prop_map(|(slots, extra, cache_tokens, reuse)| Limits {
        slots,
        step_tokens: slots + extra,
        cache_tokens,
        reuse,
    })
}

struct Running {
    id: usize,
    slot: usize,
    prompt: Vec<u32>,
    made: usize,
}

proptest! {
    /// Any traffic on any worker: the budget is kept, room is never promised twice, everyone is served in the order of
    /// arrival, every sequence that was admitted ends, and what is in a slot is what ran there.
    #[test]
    fn every_request_is_served_within_the_limits(limits in limits(), requests in requests()) {
        let mut schedule = Schedule::new(limits);
        let mut queue: VecDeque<usize> = VecDeque::new();
        let mut running: Vec<Running> = Vec::new();
        // the slots as the tensors have them: room, and whose tokens
        let mut memory: Vec<(usize, Vec<u32>)> = vec![(0, Vec::new()); limits.slots];
        let (mut arrived, mut ended, mut steps, mut idle) = (0, 0, 0, 0);
        let mut next_at = requests[0].after;
        let prompt = |request: &Request| -> Vec<u32> {
            (0..request.prompt as u32).map(|at| if at < 50 { request.family * 1000 + at } else { request.answer as u32 + at }).collect()
        };
        while ended < requests.len() {
            while arrived < requests.len() && next_at <= steps {
                queue.push_back(arrived);
                arrived += 1;
                next_at = steps + requests.get(arrived).map_or(0, |request| request.after);
            }
            while let Some(id) = queue.front() {
                let request = &requests[*id];
                let wanted = prompt(request);
                let Some(admission) = admit(&mut schedule, &wanted, request.prompt + request.answer) else { break };
                let Admission { slot, release, room, reused, copy_from } = admission;
                prop_assert!(running.iter().all(|other| other.slot != slot && !release.contains(&other.slot)));
                for released in release {
                    memory[released] = (0, Vec::new());
                }
                if let Some(from) = copy_from {
                    prop_assert!(from != slot);
                    memory[slot].1 = memory[from].1.clone();
                }
                memory[slot].1.truncate(reused);
                memory[slot].0 = room;
                prop_assert!(room >= request.prompt + request.answer);
                prop_assert_eq!(&memory[slot].1[..], &wanted[..reused], "a prefix that isn't there");
                prop_assert!(reused < wanted.len());
                let all: usize = memory.iter().map(|(room, _)| room).sum();
                prop_assert!(all <= limits.cache_tokens, "{all} tokens promised");
                running.push(Running { id: *id, slot, prompt: wanted, made: 0 });
                queue.pop_front();
            }
            let runs = schedule.plan();
            let tokens: usize = runs.iter().map(|run| run.tokens.len()).sum();
            prop_assert!(tokens <= limits.step_tokens, "{tokens} tokens in a step");
            prop_assert_eq!(schedule.is_idle(), running.is_empty());
            prop_assert!(!runs.is_empty() || running.is_empty(), "somebody runs and nothing is done");
            // nobody who answers waits for a prompt
            for sequence in &running {
                if sequence.made > 0 {
                    prop_assert!(runs.iter().any(|run| run.slot == sequence.slot && run.tokens.len() == 1));
                }
            }
            for run in &runs {
                let at = running.iter().position(|sequence| sequence.slot == run.slot).expect("a live slot");
                let sequence = &mut running[at];
                prop_assert_eq!(memory[run.slot].1.len(), run.range.start);
                memory[run.slot].1.extend(&run.tokens);
                prop_assert!(memory[run.slot].1.len() <= memory[run.slot].0);
                schedule.done(run);
                let request = &requests[sequence.id];
                if run.last {
                    prop_assert!(memory[run.slot].1.starts_with(&sequence.prompt));
                    if sequence.made < request.answer {
                        sequence.made += 1;
                        schedule.push(run.slot, 5000 + sequence.made as u32);
                    }
                }
                let whole = sequence.made == request.answer && run.last;
                let given_up = request.cancelled.is_some_and(|after| sequence.made >= after);
                if whole || given_up {
                    schedule.end(run.slot);
                    running.remove(at);
                    ended += 1;
                }
            }
            steps += 1;
            idle = if runs.is_empty() { idle + 1 } else { 0 };
            prop_assert!(idle < 50, "{} requests wait and nobody runs", queue.len());
        }
        prop_assert!(schedule.is_idle());
    }
}
