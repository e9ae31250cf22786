//! A subnet, looked at from outside: how concentrated it is, and whether validators say what they found themselves.

mod findings;
mod history;
mod page;

pub use findings::Findings;
pub use history::{of_chain, of_files};
pub use page::page;
