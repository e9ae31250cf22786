//! Numbers as people read them in a narrow column.

/// With commas between thousands.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something.
pub fn plural(count: u64, one: &str) -> String {
    format!("{} {one}{}", number(count), if count == 1 { "" } else { "s" })
}

/// A share, 1 for all of it.
pub fn percent(share: f64) -> String {
    if share >= 1.0 { "100%".into() } else { format!("{:.1}%", share * 100.0) }
}

/// Rao of alpha.
pub fn alpha(rao: u64) -> String {
    match rao as f64 / 1e9 {
        value if value >= 1_000.0 => number(value.round() as u64),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.4}"),
    }
}

/// Milliseconds.
pub fn duration(ms: u64) -> String {
    let seconds = ms as f64 / 1_000.0;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{seconds:.1} s"),
        10_000..90_000 => format!("{seconds:.0} s"),
        90_000..5_400_000 => format!("{:.0} min", seconds / 60.0),
        5_400_000..172_800_000 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// Microseconds.
pub fn micros(us: u64) -> String {
    if us < 10_000 { format!("{:.1} ms", us as f64 / 1_000.0) } else { duration(us / 1_000) }
}

/// Thousandths of a token a second.
pub fn speed(milli: u64) -> String {
    if milli < 10_000 { format!("{:.1}", milli as f64 / 1_000.0) } else { number(milli.saturating_add(500) / 1_000) }
}

/// An address as one recognises it.
pub fn short(address: &str) -> String {
    let letters = address.chars().count();
    if letters <= 11 {
        return address.into();
    }
    let (head, tail) = (address.chars().take(6), address.chars().skip(letters - 4));
    head.chain(['…']).chain(tail).collect()
}

/// Columns of so many thousandths: the rows of a picture, the upper one first.
pub fn bars(milli: impl Iterator<Item = Option<u16>> + Clone, height: usize) -> Vec<Vec<char>> {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let row = |row: usize| {
        milli.clone().map(move |value| {
            let Some(value) = value else { return if row == 0 { '·' } else { ' ' } };
            // What is nothing is seen to be known.
            let level = (usize::from(value.min(1_000)) * 8 * height).div_ceil(1_000).max(1);
            match level.saturating_sub(8 * row) {
                0 => ' ',
                level => LEVELS[level.min(8) - 1],
            }
        })
    };
    (0..height).rev().map(|at| row(at).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [
            number(1_234_567),
            number(999),
            percent(1.0),
            percent(0.9994),
            percent(0.5),
            alpha(0),
            alpha(1_500_000_000),
            alpha(12_345_600_000_000),
            duration(999),
            duration(1_000),
            duration(90_000),
            micros(9_999),
            micros(412_000),
            speed(9_990),
            speed(1_234_567),
            short("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"),
            short("//Alice"),
        ];
        assert_eq!(
            said,
            [
                "1,234,567",
                "999",
                "100%",
                "99.9%",
                "50.0%",
                "0.0000",
                "1.50",
                "12,346",
                "999 ms",
                "1.0 s",
                "2 min",
                "10.0 ms",
                "412 ms",
                "10.0",
                "1,235",
                "5FHneW…94ty",
                "//Alice"
            ]
        );
    }

    #[test]
    fn bars_grow_from_the_ground() {
        let text = |rows: Vec<Vec<char>>| rows.into_iter().map(String::from_iter).collect::<Vec<_>>();
        let values = [Some(0), Some(500), Some(1_000), None, Some(u16::MAX)].into_iter();
        assert_eq!(text(bars(values.clone(), 1)), ["▁▄█·█"]);
        assert_eq!(text(bars(values, 2)), ["  █ █", "▁██·█"]);
    }
}
