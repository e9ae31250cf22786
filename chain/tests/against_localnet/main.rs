//! The client against a whole chain in this process: its real metadata, its real refusals, its real websocket.

mod beacon;
mod calls;
mod failover;
mod faults;
mod full;
mod node;
mod open;
mod owner;
mod preflight;
mod raw;
mod reads;
mod schedule;
mod stock;
mod tap;
mod timelock;
mod weights;
