//! The clock: requests are dated, and whose clock is off is refused.

use std::{
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chain::{ChainError, Client};
use protos::CLOCK_WINDOW_MS;
use tokio::{
    process::Command,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::doctor::Finding;

const NAME: &str = "clock";
const SERVICE: &str = "time service";
/// Between two looks for a new block: how exact the answer is.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Longer than `timedatectl` takes.
const PATIENCE: Duration = Duration::from_secs(3);

/// How the clock stands beside the chain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// When a block came in, this machine's clock was so far ahead of the block's time.
    Ahead(i64),
    /// No block came in; the last one is so old.
    Still(i64),
}

/// Holds the clock against the chain's, and asks the system whether it is kept right.
pub async fn look(chain: Option<&Client>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(chain) = chain {
        findings.push(match beside(chain).await {
            Ok(beside) => judge(beside),
            Err(error) => Finding::of_error(NAME, &error.into(), "ask another node"),
        });
    }
    findings.push(service(timedatectl().await.as_deref()));
    findings
}

/// Waits for the next block: a new one is as old as its way here took.
async fn beside(chain: &Client) -> Result<Beside, ChainError> {
    let first = chain.best().await?;
    let clock = chain.block_clock(Some(first.hash)).await?;
    let until = Instant::now() + Duration::from_millis((2 * clock.block_ms).clamp(2_000, 30_000));
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < until {
        looks.tick().await;
        let now = chain.best().await?;
        let seen_ms = unix_ms();
        if now.hash != first.hash {
            return Ok(Beside::Ahead(seen_ms - ms(chain.block_clock(Some(now.hash)).await?.now_ms)));
        }
    }
    Ok(Beside::Still(unix_ms() - ms(clock.now_ms)))
}

fn judge(beside: Beside) -> Finding {
    let window = ms(CLOCK_WINDOW_MS);
    let fix =
        "let the system keep the time (timedatectl set-ntp true), unless the chain is a localnet whose clock was moved";
    let seconds = |ms: i64| ms.unsigned_abs() as f64 / 1e3;
    match beside {
        Beside::Ahead(ms) if ms.abs() <= window => Finding::ok(
            NAME,
            format!("a new block's time was {:.1} s {}", seconds(ms), if ms < 0 { "ahead" } else { "ago" }),
        ),
        Beside::Ahead(ms) => {
            let which = if ms < 0 { "behind" } else { "ahead of" };
            let found = format!(
                "{:.1} s {which} the chain's; requests may be off by {} s",
                seconds(ms),
                CLOCK_WINDOW_MS / 1_000
            );
            Finding::failed(NAME, found, fix)
        }
        Beside::Still(ms) if ms < -window => {
            Finding::failed(NAME, format!("{:.1} s behind the chain's last block", seconds(ms)), fix)
        }
        Beside::Still(ms) => Finding::warning(
            NAME,
            format!("no block came in to compare with; the last one's time was {:.1} s ago", seconds(ms)),
            "see whether the node is in step with its chain; on a localnet with blocks by hand, make one",
        ),
    }
}

/// What the system says: "yes", "no", or nothing where it has no such service.
async fn timedatectl() -> Option<String> {
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

fn service(said: Option<&str>) -> Finding {
    match said.map(str::trim) {
        Some("yes") => Finding::ok(SERVICE, "the system keeps the time"),
        Some("no") => Finding::warning(SERVICE, "the system doesn't keep the time", "timedatectl set-ntp true"),
        _ => Finding::ok(
            SERVICE,
            "the system doesn't say whether it keeps the time, as in a container: the host's clock counts",
        ),
    }
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn five_seconds_either_way_will_do() {
        for (beside, state) in [
            (Beside::Ahead(300), State::Ok),
            (Beside::Ahead(-5_000), State::Ok),
            (Beside::Ahead(5_001), State::Failed),
            (Beside::Ahead(-3_600_000), State::Failed),
            (Beside::Still(60_000), State::Warning),
            (Beside::Still(-6_000), State::Failed),
        ] {
            let finding = judge(beside);
            assert_eq!(finding.state, state, "{finding:?}");
        }
    }

    #[test]
    fn the_systems_word_is_taken() {
        assert_eq!(service(Some("yes\n")).state, State::Ok);
        assert_eq!(service(Some("no\n")).state, State::Warning);
        assert!(service(None).found.contains("doesn't say"));
    }
}
