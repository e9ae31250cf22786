//! What the pictures of all commands have in common.

use anyhow::anyhow;
use plotters::prelude::RGBColor;

/// Lines and letters on a white ground.
pub const INK: RGBColor = RGBColor(40, 40, 40);

/// What goes wrong in a drawing: plotters' errors borrow, so their words are kept.
pub fn drawing(error: impl std::error::Error) -> anyhow::Error {
    anyhow!("drawing: {error}")
}
