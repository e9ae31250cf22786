//! What decides money: tasks, scores, weights, Yuma and replay, as functions of values.
#![warn(missing_docs)]

pub mod yuma;
