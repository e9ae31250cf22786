//! The client against a whole chain in this process: its real metadata, its real refusals, its real websocket.

mod beacon;
mod calls;
mod faults;
mod node;
mod preflight;
mod raw;
mod reads;
mod schedule;
mod timelock;
mod weights;
