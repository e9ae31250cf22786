//! Draws a state: the same letters for the same state and size.

use dashboard::{Document, Live, LoopState, Round};
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use scoring::Outcome;

use crate::top::{
    columns::{WIDE, fitting},
    state::{Link, State},
    words::{bars, duration, number, plural, short},
};

const QUIET: Style = Style::new().fg(Color::DarkGray);
const BAD: Style = Style::new().fg(Color::Red);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
/// A screen that has so many lines has higher bars.
const TALL: u16 = 34;

/// How many seats are seen at once.
pub fn page(state: &State, size: Size) -> usize {
    let above = state.document.as_ref().map_or(0, |document| above(document, state, size.width, size.height).len());
    // The headings, and the line of keys.
    usize::from(size.height).saturating_sub(above + 2)
}

/// Draw all of it.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let mut lines = match &state.document {
        None => waiting(state),
        Some(document) => {
            let mut lines = above(document, state, area.width, area.height);
            lines.extend(table(state, area.width, page(state, area.as_size())));
            lines
        }
    };
    let last = usize::from(area.height).saturating_sub(1);
    lines.truncate(last);
    lines.resize(last, Line::default());
    lines.push(keys(state, page(state, area.as_size())));
    for (y, line) in (area.top()..area.bottom()).zip(&lines) {
        buffer.set_line(area.left(), y, line, area.width);
    }
}

/// One frame without colours, wide and high enough for all there is.
pub fn plain(state: &State) -> String {
    let above = state.document.as_ref().map_or(0, |document| above(document, state, WIDE, TALL).len());
    let height = u16::try_from(above + 2 + state.seats().len()).unwrap_or(u16::MAX).max(TALL);
    let area = Rect::new(0, 0, WIDE, height);
    let mut buffer = Buffer::empty(area);
    draw(state, area, &mut buffer);
    // Without the keys: there is nobody to press them.
    let mut text = text(&buffer, height.saturating_sub(1));
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The letters of the first lines.
pub fn text(buffer: &Buffer, lines: u16) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.top() + lines {
        let line: String = (buffer.area.left()..buffer.area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn waiting(state: &State) -> Vec<Line<'static>> {
    let line = match state.link() {
        Link::Old(why) => Line::styled(why, BAD),
        _ => Line::styled(format!("asking {} …", state.url), QUIET),
    };
    vec![Line::styled("Assay", STRONG), line]
}

/// What stands above the table.
fn above(document: &Document, state: &State, width: u16, height: u16) -> Vec<Line<'static>> {
    let mut lines = vec![title(document, state), tiles(document), loops(&document.live)];
    if let Some(skipped) = &document.live.skipped {
        let text = format!("no weights for epoch {}: {}", skipped.epoch_index, skipped.detail);
        lines.push(Line::styled(text, Style::new().fg(Color::Yellow)));
    }
    lines.extend(rounds(&document.rounds, width, if height >= TALL { 3 } else { 1 }));
    lines
}

fn title(document: &Document, state: &State) -> Line<'static> {
    let subject = &document.subject;
    let mechanism =
        if subject.mechanism.0 == 0 { String::new() } else { format!(", mechanism {}", subject.mechanism.0) };
    let link = match state.link() {
        Link::Waits => Span::styled("connecting", QUIET),
        Link::Live => Span::styled("live", Style::new().fg(Color::Green)),
        Link::Old(why) => Span::styled(why, BAD),
    };
    Line::from(vec![
        Span::styled(format!("Assay · subnet {}{mechanism}", subject.netuid), STRONG),
        Span::styled(format!(" · validator {} · ", short(&subject.validator.to_string())), QUIET),
        link,
    ])
}

fn tiles(document: &Document) -> Line<'static> {
    let Live { head, made_unix_ms, next_epoch_block, block_ms, epoch_index, round, chain_errors, .. } = &document.live;
    let mut parts = vec![match head {
        Some(head) => {
            let age = made_unix_ms.saturating_sub(head.seen_unix_ms);
            format!("block {} {} ago", number(head.number), duration(age))
        }
        None => "no block yet".into(),
    }];
    if let (Some(head), Some(next)) = (head, next_epoch_block) {
        let left = next.saturating_sub(head.number);
        let time = block_ms.map_or_else(String::new, |ms| format!(", {}", duration(left.saturating_mul(ms))));
        let epoch = epoch_index.map_or_else(String::new, |index| format!(" {index}"));
        parts.push(format!("epoch{epoch} ends in {}{time}", plural(left, "block")));
    }
    if let Some(round) = round {
        let ended = format!("{} of {} answered", number(round.ended.into()), number(round.asked.into()));
        parts.push(format!("round {}: {ended}", round.round));
    }
    if *chain_errors > 0 {
        parts.push(plural(*chain_errors, "chain error"));
    }
    if let Some(row) = document.submissions.last() {
        parts.push(format!("row of epoch {} {}", row.epoch_index, row.state));
    }
    Line::raw(parts.join(" · "))
}

fn loops(live: &Live) -> Line<'static> {
    let mut spans = vec![Span::styled("health  ", QUIET)];
    for one in &live.loops {
        let (text, style) = match one.state {
            LoopState::Ok => (format!("{} ok", one.name), Style::new().fg(Color::Green)),
            LoopState::Stale => {
                let idle = duration(one.idle_seconds.saturating_mul(1_000));
                (format!("{} stands still for {idle}", one.name), BAD)
            }
            LoopState::Failing => (format!("{}: {}", one.name, one.trouble.as_deref().unwrap_or("failing")), BAD),
        };
        spans.extend([Span::styled(text, style), Span::raw("  ")]);
    }
    Line::from(spans)
}

/// The last rounds as bars, the newest at the right, and the newest in words.
fn rounds(rounds: &[Round], width: u16, height: usize) -> Vec<Line<'static>> {
    let Some(last) = rounds.last() else { return vec![Line::styled("rounds  none yet", QUIET)] };
    let newest = &rounds[rounds.len().saturating_sub(usize::from(width.saturating_sub(8)))..];
    let right = |round: &Round| round.outcomes.get(&Outcome::Ok).copied().unwrap_or(0);
    let share = |round: &Round| {
        let share = u64::from(right(round)) * 1_000 / u64::from(round.scored.max(1));
        (round.scored > 0).then(|| u16::try_from(share).unwrap_or(u16::MAX))
    };
    let shares: Vec<Option<u16>> = newest.iter().map(share).collect();
    let colour = |share: &Option<u16>| match share {
        Some(900..) => Color::Green,
        Some(500..) => Color::Yellow,
        Some(_) => Color::Red,
        None => Color::DarkGray,
    };
    let mut lines: Vec<Line> = bars(shares.iter().copied(), height)
        .into_iter()
        .map(|row| {
            let bars = row.into_iter().zip(&shares);
            let bars = bars.map(|(bar, share)| Span::styled(bar.to_string(), Style::new().fg(colour(share))));
            Line::from_iter([Span::styled("        ", QUIET)].into_iter().chain(bars))
        })
        .collect();
    if let Some(span) = lines.last_mut().and_then(|line| line.spans.first_mut()) {
        *span = Span::styled("rounds  ", QUIET);
    }
    let took = last.took_ms.map_or_else(String::new, |ms| format!(" took {}", duration(ms)));
    let mut outcomes = vec![format!("{} of {} right", number(right(last).into()), number(last.scored.into()))];
    let others = last.outcomes.iter().filter(|(outcome, count)| **outcome != Outcome::Ok && **count > 0);
    outcomes.extend(others.map(|(outcome, count)| format!("{} {}", number((*count).into()), outcome.as_str())));
    let words = format!("        {} at block {}{took}: {}", last.round, number(last.block), outcomes.join(", "));
    lines.push(Line::raw(words));
    lines
}

fn table(state: &State, width: u16, page: usize) -> Vec<Line<'static>> {
    let columns = fitting(width);
    let cell = |text: String, width: u16, left: bool, style: Style| {
        let pad = usize::from(width).saturating_sub(text.chars().count());
        let pad = " ".repeat(pad);
        Span::styled(if left { format!("{text}{pad} ") } else { format!("{pad}{text} ") }, style)
    };
    let headings = columns.iter().map(|(column, width)| {
        let style = STRONG.add_modifier(Modifier::UNDERLINED);
        let style = if column.is_sorted_by(state.sort, state.period) { style.fg(Color::Cyan) } else { style };
        cell(column.heading().into(), *width, column.is_left(), style)
    });
    let mut lines = vec![headings.collect::<Line>()];
    let seats = state.seats();
    let first = state.first(seats.len(), page);
    for seat in seats.iter().skip(first).take(page) {
        let cells = columns.iter().map(|(column, width)| {
            let (text, style) = column.cell(seat, state.period, *width);
            cell(text, *width, column.is_left(), style)
        });
        lines.push(cells.collect());
    }
    if seats.is_empty() {
        let all = state.document.as_ref().map_or(0, |document| document.neurons.len());
        let words = if all == 0 { "no round yet: seats are read when one begins" } else { "no seat is like that" };
        lines.push(Line::styled(words, QUIET));
    }
    lines
}

fn keys(state: &State, page: usize) -> Line<'static> {
    let (shown, all) = (state.seats().len(), state.document.as_ref().map_or(0, |document| document.neurons.len()));
    if state.typing {
        let found = plural(shown as u64, "seat");
        return Line::raw(format!(
            "find uid, hotkey, coldkey or address: {}▏ {found} · enter keep · esc all",
            state.wanted
        ));
    }
    let found = if state.wanted.is_empty() { String::new() } else { format!(" with \"{}\"", state.wanted) };
    let first = if shown == 0 { 0 } else { state.first(shown, page) + 1 };
    let at = format!("{first}/{shown}{found}");
    let at = if all == 0 { String::new() } else { format!(" · {at}") };
    Line::styled(
        format!(
            "q quit · ↑↓ scroll · s sort: {} · w window: {} · / find{at}",
            state.sort.as_str(),
            state.period.as_str()
        ),
        QUIET,
    )
}
