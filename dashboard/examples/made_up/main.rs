//! Serves the page with a made-up subnet: `cargo run -p assay-dashboard --example made_up -- 1000`. The argument is how many
//! seats it has, 0 for none yet; `miner` is a miner's page, `idle-miner` that of one with nothing to do. It prints the address
//! and ends with its stdin.

use std::{io, io::Write as _};

use assay_dashboard::{Board, Config, spawn};

mod serving;
mod subnet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = match std::env::args().nth(1).as_deref() {
        Some("miner") => spawn(Config::test(), serving::busy()).await?,
        Some("idle-miner") => spawn(Config::test(), serving::idle()).await?,
        Some("0") => spawn(Config::test(), Board::new(subnet::subject())).await?,
        seats => {
            let seats: u16 = seats.map_or(Ok(256), str::parse)?;
            spawn(Config::test(), subnet::board(seats.max(3))).await?
        }
    };
    let mut out = io::stdout().lock();
    writeln!(out, "http://{}", server.addr())?;
    out.flush()?;
    drop(out);
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    server.shutdown().await;
    Ok(())
}
