//! The terminal, taken for as long as a screen is held: what was there comes back however the program ends.

use std::{io, thread, time::Duration};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event},
    layout::Size,
};
use tokio::sync::mpsc;

use crate::top::{frame, state::State};

/// How long a thread that reads keys may outlive the screen.
const GLANCE: Duration = Duration::from_millis(200);
/// Keys that were pressed and not looked at yet.
const BACKLOG: usize = 64;

/// The terminal in raw mode, on its other page.
pub struct Screen {
    terminal: DefaultTerminal,
    events: mpsc::Receiver<Event>,
}

impl Screen {
    /// Take it. A panic gives it back before it says what it says.
    pub fn take() -> io::Result<Self> {
        // What it took before it failed goes back.
        let terminal = ratatui::try_init().inspect_err(|_| ratatui::restore())?;
        let (told, events) = mpsc::channel(BACKLOG);
        thread::spawn(move || {
            while !told.is_closed() {
                match event::poll(GLANCE) {
                    Ok(false) => {}
                    Ok(true) => {
                        let Ok(event) = event::read() else { return };
                        if told.blocking_send(event).is_err() {
                            return;
                        }
                    }
                    Err(_) => return,
                }
            }
        });
        Ok(Self { terminal, events })
    }

    /// A key, or another size; none where nobody is there any more.
    pub async fn event(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// How large it is.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draw a state.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| frame::draw(state, frame.area(), frame.buffer_mut()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
