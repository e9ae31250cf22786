use std::time::Duration;

use dashboard::{Document, LoopState};
use primitives::NetUid;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Size,
};
use scoring::reliability::Period;

use super::{
    feed::{FeedError, News},
    frame::{draw, page, text},
    plain,
    seats::Sort,
    state::{Flow, Link, State},
};

#[path = "../../../dashboard/examples/made_up/subnet.rs"]
mod subnet;

/// What a dashboard of a made-up subnet says.
async fn document(seats: u16) -> Document {
    let board = if seats == 0 { dashboard::Board::new(subnet::subject()) } else { subnet::board(seats) };
    let server = dashboard::spawn(dashboard::Config::test(), board).await.unwrap();
    let url = super::address(&server.addr().to_string()).unwrap();
    let mut document = super::once(&url).await.unwrap();
    // The one thing in it that is not made up.
    document.live.made_unix_ms = document.live.head.map_or(0, |head| head.seen_unix_ms + 4_000);
    document.live.loops.iter_mut().for_each(|one| one.idle_seconds = 1);
    document.subject.version = "0.0.0".into();
    document
}

async fn state(seats: u16) -> State {
    let mut state = State::new("http://127.0.0.1:9480/");
    state.hear(News::Whole(Box::new(document(seats).await)));
    state
}

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, frame.area(), frame.buffer_mut())).unwrap();
    text(terminal.backend().buffer(), height)
}

fn press(state: &mut State, code: KeyCode) -> Flow {
    state.press(KeyEvent::from(code), 10)
}

#[tokio::test]
async fn frames_are_as_recorded() {
    let thousand = state(1_000).await;
    insta::assert_snapshot!("top_80x24", drawn(&thousand, 80, 24));
    insta::assert_snapshot!("top_120x40", drawn(&thousand, 120, 40));
    insta::assert_snapshot!("top_200x20_few", drawn(&state(8).await, 200, 20));
    insta::assert_snapshot!("top_80x24_empty", drawn(&state(0).await, 80, 24));
    let mut troubled = state(16).await;
    troubled.hear(News::Lost(FeedError::Ended, Duration::from_secs(2)));
    let document = troubled.document.as_mut().unwrap();
    document.live.loops[0].state = LoopState::Failing;
    document.live.loops[0].trouble = Some("the \u{1b}[31mstore\u{7} can't be written".into());
    document.live.chain_errors = 1;
    let frame = drawn(&troubled, 100, 24);
    assert!(!frame.contains(|letter: char| letter.is_control() && letter != '\n'), "{frame}");
    insta::assert_snapshot!("top_100x24_troubled", frame);
}

/// Whatever the size, nothing panics, and the last line says what one can press.
#[tokio::test]
async fn any_size_will_do() {
    let state = state(64).await;
    for width in [0, 1, 2, 5, 9, 20, 79, 300] {
        for height in [0, 1, 2, 3, 7, 100] {
            let frame = drawn(&state, width, height);
            let keys: String = "q quit · ↑↓ scroll".chars().take(usize::from(width)).collect();
            assert!(height == 0 || frame.lines().last().unwrap_or_default().starts_with(keys.trim_end()), "{frame}");
        }
    }
}

#[tokio::test]
async fn seats_are_sorted_scrolled_and_found() {
    let mut state = state(200).await;
    let page = page(&state, Size::new(80, 24));
    assert!((10..20).contains(&page), "{page}");
    let incentives: Vec<u16> = state.seats().iter().map(|seat| seat.neuron.incentive).collect();
    assert!(incentives.is_sorted_by(|a, b| a >= b) && incentives[0] > 0);
    let mut sorts = vec![state.sort];
    while press(&mut state, KeyCode::Char('s')) == Flow::On && state.sort != Sort::default() {
        sorts.push(state.sort);
        assert_eq!(state.seats().len(), 200, "{:?}", state.sort);
    }
    assert_eq!(sorts.len(), 7);
    state.sort = Sort::FirstToken;
    let waits: Vec<Option<u64>> =
        state.seats().iter().map(|seat| Some(seat.figures(Period::Day)?.first_token_us?.p50)).collect();
    let known: Vec<u64> = waits.iter().copied().map_while(|wait| wait).collect();
    assert!(known.is_sorted() && known.len() > 100 && waits[known.len()..].iter().all(Option::is_none));

    // The last seat is seen at the end, and no scrolling goes beyond it.
    for code in [KeyCode::End, KeyCode::Down, KeyCode::PageDown] {
        press(&mut state, code);
        assert_eq!(state.above, 190);
    }
    press(&mut state, KeyCode::PageUp);
    assert_eq!(state.above, 180);
    press(&mut state, KeyCode::Home);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.above, 0);

    press(&mut state, KeyCode::Char('/'));
    for letter in "17q".chars() {
        assert_eq!(press(&mut state, KeyCode::Char(letter)), Flow::On, "q is a letter here");
    }
    assert!(state.seats().is_empty() && drawn(&state, 80, 24).contains("no seat is like that"));
    press(&mut state, KeyCode::Backspace);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.seats().iter().map(|seat| seat.neuron.uid.0).collect::<Vec<_>>(), [17]);
    let hotkey = state.seats()[0].neuron.hotkey.to_string();
    state.wanted = hotkey[8..16].to_owned();
    assert_eq!(state.seats().len(), 1);
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.seats().len(), 200);

    assert_eq!(press(&mut state, KeyCode::Char('q')), Flow::Quit);
    state.typing = true;
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(state.press(interrupt, 10), Flow::Quit, "whatever else is going on");
}

#[tokio::test]
async fn it_says_how_old_it_is() {
    let mut state = state(8).await;
    assert_eq!(state.link(), Link::Live);
    (0..16).for_each(|_| state.tick());
    assert_eq!(state.link(), Link::Old("no news for 16 s".into()));
    state.hear(News::Lost(FeedError::Ended, Duration::from_millis(500)));
    assert_eq!(state.link(), Link::Old("this is 16 s old: the dashboard has hung up; again in 1 s".into()));
    let mut changed = dashboard::Changes::read(br#"{"later":1,"neurons":[]}"#).unwrap();
    state.hear(News::Changes(Box::new(std::mem::take(&mut changed))));
    assert_eq!((state.link(), state.seats().len()), (Link::Live, 0));
    assert_eq!(state.document.as_ref().map(|document| document.subject.netuid), Some(NetUid(1)));
    assert!(Document::read(br#"{"version":2}"#).unwrap_err().to_string().contains("version is 2"));
}

/// All there is, for scripts: a line for each seat.
#[tokio::test]
async fn a_plain_frame_has_everything() {
    let state = state(300).await;
    let text = plain(&state);
    let seats = text.lines().skip_while(|line| !line.trim_start().starts_with("uid")).skip(1);
    assert_eq!(seats.count(), 300);
    assert!(text.lines().any(|line| line.contains("5") && line.contains("ttft p50") && line.contains("p99")));
}
