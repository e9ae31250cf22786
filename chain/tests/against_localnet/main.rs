//! The client against a whole chain in this process: its real metadata, its real refusals, its real websocket.

mod calls;
mod faults;
mod node;
mod owner;
mod reads;
mod weights;
