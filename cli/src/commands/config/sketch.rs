//! What rules pay, in a few lines of text.

use scoring::trial::{Step, Verdict};

/// Eighths of a line.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LINES: usize = 7;
const WIDTH: usize = 48;

/// The curve from scores to pay, and a line for each course; nothing where nobody is paid.
pub fn sketch(verdict: &Verdict) -> String {
    let most = verdict.curve.iter().map(|point| point.share).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    // The first point is that of nothing.
    let heights: Vec<usize> = verdict.curve.iter().skip(1).map(|point| eighths(point.share / most, LINES)).collect();
    let mut text = String::from("\nShare of the pay of 16 miners, by the score of one's answers\n");
    for line in (0..LINES).rev() {
        let label = match line {
            line if line == LINES - 1 => format!("{:5.1} %", most * 100.0),
            0 => "    0 %".to_owned(),
            _ => " ".repeat(7),
        };
        let bar: String = heights.iter().map(|height| BLOCKS[height.saturating_sub(8 * line).min(8)]).collect();
        text += &format!("{label} │{}\n", bar.trim_end());
    }
    text += &format!("        └{}\n         0{:>width$}\n", "─".repeat(WIDTH), 1, width = WIDTH - 1);
    let courses = &verdict.courses;
    let Some(last) = courses.newcomer.last() else { return text };
    text += &format!("\nand over {} answers, the best one's\n", last.answers);
    let top = [&courses.newcomer, &courses.honest, &courses.failing];
    let top = top.iter().flat_map(|steps| steps.iter()).map(|step| step.share).fold(0.0, f64::max);
    for (name, steps) in [("begins", &courses.newcomer), ("goes on", &courses.honest), ("fails", &courses.failing)] {
        text += &format!("{name:>7} │{}\n", line(steps, top).trim_end());
    }
    text
}

fn line(steps: &[Step], most: f64) -> String {
    let at = |column: usize| steps.get(column * (steps.len() - 1) / (WIDTH - 1));
    (0..WIDTH).filter_map(at).map(|step| BLOCKS[eighths(step.share / most, 1)]).collect()
}

/// So many eighths of a column of `lines`: at least one of what is more than nothing.
fn eighths(share: f64, lines: usize) -> usize {
    let height = (share * 8.0 * lines as f64).round() as usize;
    if share > 0.0 { height.clamp(1, 8 * lines) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_high_as_what_they_show() {
        assert_eq!([0.0, 1e-9, 0.5, 1.0, 2.0].map(|share| eighths(share, 1)), [0, 1, 4, 8, 8]);
        let steps: Vec<Step> = (0..=8).map(|answers| Step { answers, share: answers as f64 / 8.0 }).collect();
        let text = line(&steps, 1.0);
        assert_eq!(text.chars().count(), WIDTH);
        assert!(text.starts_with(' ') && text.ends_with('█') && text.chars().is_sorted(), "{text}");
    }
}
