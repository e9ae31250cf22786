//! `assay top`: a validator's dashboard on a terminal.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use ratatui::crossterm::event::Event;
use reqwest::Url;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    args::Global,
    failure::Usage,
    identity::here,
    layers::Layer,
    stop::Stop,
    top::{Feed, Flow, News, Screen, State, address, once, page, plain},
};

/// Watch a subnet on a terminal
///
/// Follows a running validator's dashboard (--dashboard-listen) and shows the same: the chain and the validator's loops, the rounds, and the
/// seats with their uptime, times, verdicts and scores. Keys: q quits, arrows and PgUp/PgDn scroll, s sorts by another column, w chooses the window of
/// times, / looks for a uid or an address. It connects again when the validator is started again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The dashboard's address; by default that of a validator on this machine [setting: validator.dashboard_listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print what there is as plain text, once, and end
    #[arg(long)]
    once: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let url = url(&args, global)?;
    if args.once {
        let mut state = State::new(url.as_str());
        state.hear(News::Whole(Box::new(once(&url).await?)));
        io::stdout().lock().write_all(plain(&state).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        let words = "`assay top` draws on a terminal, and this is none";
        return Err(Usage(format!("{words}: read {url}api/subnet.json, or print it as text with --once")).into());
    }
    let stop = Stop::listen().context("listening for signals")?;
    let mut feed = Feed::of(url.clone())?;
    let mut screen = Screen::take().context("taking the terminal")?;
    let mut state = State::new(url.as_str());
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopped = stop.requested();
    tokio::pin!(stopped);
    loop {
        screen.draw(&state)?;
        tokio::select! {
            () = &mut stopped => break,
            _ = seconds.tick() => state.tick(),
            news = feed.next() => match news {
                Some(news) => state.hear(news),
                None => break,
            },
            event = screen.event() => match event {
                Some(Event::Key(key)) if state.press(key, page(&state, screen.size()?)) == Flow::Quit => break,
                Some(_) => {}
                None => break,
            },
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn url(args: &Args, global: &Global) -> anyhow::Result<Url> {
    if let Some(url) = &args.url {
        return Ok(address(url)?);
    }
    match global.settings(Layer::default())?.settings.validator.dashboard_listen {
        Some(listen) => Ok(address(&here(listen).to_string())?),
        None => {
            let words = "no dashboard is named: --url says where it is, or validator.dashboard_listen in the settings";
            Err(Usage(words.into()).into())
        }
    }
}
