//! Serves the page with a made-up subnet: `cargo run -p assay-dashboard --example made_up -- 1000`. The argument is how many
//! seats it has, 0 for none yet. It prints the address and ends with its stdin.

use std::{io, io::Write as _};

use assay_dashboard::{Board, Config, spawn};

mod subnet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seats: u16 = std::env::args().nth(1).map_or(Ok(256), |text| text.parse())?;
    let board = if seats == 0 { Board::new(subnet::subject()) } else { subnet::board(seats.max(3)) };
    let server = spawn(Config::test(), board).await?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{}", server.addr())?;
    out.flush()?;
    drop(out);
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    server.shutdown().await;
    Ok(())
}
