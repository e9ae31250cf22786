//! What a simulation came to, as tables and as a page.

mod page;
mod tables;

pub use page::page;
pub use tables::print;
