//! What is shown, and what becomes of it by news and by keys. Nothing here knows a terminal or a clock.

use dashboard::Document;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use scoring::reliability::Period;

use crate::{
    failure,
    top::{
        feed::News,
        seats::{Seat, Sort, seats},
    },
};

/// What is typed to look for has so many letters at most.
const LONGEST_WORD: usize = 64;
/// News come every five seconds: what is older is said to be.
const OLD_SECONDS: u64 = 15;

/// What the screen is drawn from.
#[derive(Clone, Debug)]
pub struct State {
    /// Whose dashboard it is.
    pub url: String,
    /// What it said last.
    pub document: Option<Document>,
    /// Why there is no connection.
    pub lost: Option<String>,
    /// Since the last news.
    pub silent_seconds: u64,
    pub sort: Sort,
    /// The window of times and speeds.
    pub period: Period,
    /// Seats above the first one that is seen.
    pub above: usize,
    /// What is looked for.
    pub wanted: String,
    /// Whether letters are added to it.
    pub typing: bool,
}

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    Quit,
}

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    Waits,
    Live,
    Old(String),
}

impl State {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            document: None,
            lost: None,
            silent_seconds: 0,
            sort: Sort::default(),
            period: Period::Day,
            above: 0,
            wanted: String::new(),
            typing: false,
        }
    }

    /// Something came, or is gone.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Whole(document) => self.document = Some(*document),
            News::Changes(changes) => {
                if let Some(document) = &mut self.document {
                    document.take(*changes);
                }
            }
            News::Lost(error, pause) => {
                let (what, _) = failure::told(&error.into());
                self.lost = Some(format!("{what}; again in {:.0} s", pause.as_secs_f64().max(1.0)));
                return;
            }
        }
        (self.lost, self.silent_seconds) = (None, 0);
    }

    /// A second went by.
    pub fn tick(&mut self) {
        self.silent_seconds = self.silent_seconds.saturating_add(1);
    }

    /// A key, where `page` seats are seen at once.
    pub fn press(&mut self, key: KeyEvent, page: usize) -> Flow {
        if key.kind == KeyEventKind::Release {
            return Flow::On;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Flow::Quit;
        }
        if self.typing {
            self.type_in(key.code, control);
            return Flow::On;
        }
        match key.code {
            KeyCode::Char('q') => return Flow::Quit,
            KeyCode::Char('s') => (self.sort, self.above) = (self.sort.next(), 0),
            KeyCode::Char('w') => {
                self.period = match self.period {
                    Period::Hour => Period::Day,
                    Period::Day => Period::Week,
                    Period::Week => Period::Hour,
                }
            }
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.look_for(String::new()),
            KeyCode::Up | KeyCode::Char('k') => self.above = self.above.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.above += 1,
            KeyCode::PageUp => self.above = self.above.saturating_sub(page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.above = self.above.saturating_add(page),
            KeyCode::Home | KeyCode::Char('g') => self.above = 0,
            KeyCode::End | KeyCode::Char('G') => self.above = usize::MAX,
            _ => {}
        }
        self.above = self.first(self.seats().len(), page);
        Flow::On
    }

    fn type_in(&mut self, code: KeyCode, control: bool) {
        let mut wanted = std::mem::take(&mut self.wanted);
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => (self.typing, wanted) = (false, String::new()),
            KeyCode::Backspace => drop(wanted.pop()),
            KeyCode::Char(letter) if !control && wanted.len() < LONGEST_WORD => wanted.push(letter),
            _ => {}
        }
        self.look_for(wanted);
    }

    fn look_for(&mut self, wanted: String) {
        (self.wanted, self.above) = (wanted, 0);
    }

    /// What is seen of the document, in order.
    pub fn seats(&self) -> Vec<Seat<'_>> {
        let document = self.document.as_ref();
        document.map_or_else(Vec::new, |document| seats(document, self.sort, self.period, &self.wanted))
    }

    /// Which of so many seats is the first one that is seen: there may be fewer than when a key was pressed.
    pub fn first(&self, seats: usize, page: usize) -> usize {
        self.above.min(seats.saturating_sub(page))
    }

    /// How the connection is.
    pub fn link(&self) -> Link {
        match (&self.lost, &self.document) {
            (Some(why), Some(_)) => Link::Old(format!("this is {} s old: {why}", self.silent_seconds)),
            (Some(why), None) => Link::Old(why.clone()),
            (None, None) => Link::Waits,
            (None, Some(_)) if self.silent_seconds > OLD_SECONDS => {
                Link::Old(format!("no news for {} s", self.silent_seconds))
            }
            (None, Some(_)) => Link::Live,
        }
    }
}
