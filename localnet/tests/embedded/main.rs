//! The embedded chain from outside: over its socket, with transactions made and signed here.

// As every other crate of the workspace calls it.
extern crate assay_localnet as localnet;

mod account;
mod admin;
mod answers;
mod apis;
mod beacon;
mod blocks;
mod clock;
mod commitments;
mod commits;
mod dev;
mod faults;
mod fidelity;
mod fork;
mod freeze;
mod hostile;
mod hotkeys;
mod hyperparams;
mod identity;
mod limits;
mod mechanisms;
mod metagraph;
mod node;
mod pace;
mod persist;
mod prices;
mod proxies;
mod refusals;
mod registration;
mod schedule;
mod seats;
mod serving;
mod shield;
mod stake_info;
mod state;
mod subnet;
mod timelock;
mod trim;
mod weights;
mod wire;
mod words;
mod worked;
mod yuma;
