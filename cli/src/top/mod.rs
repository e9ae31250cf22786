//! A validator's dashboard on a terminal: what is read of it, what is shown of that, and the terminal itself.

mod columns;
mod feed;
mod frame;
mod inlet;
mod seats;
mod state;
mod terminal;
mod words;

#[cfg(test)]
mod tests;

pub use feed::{Feed, News, address, once};
pub use frame::{page, plain};
pub use state::{Flow, State};
pub use terminal::Screen;
