//! Where and when figures were taken.

use std::fs;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

/// As `2026-11-28, AMD EPYC, 2 cores`.
pub fn describe() -> String {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("{}, {}, {cores} cores", date(seconds / 86_400), processor(&read("/proc/cpuinfo")))
}

/// How many programs wanted a core in the last minute: figures of a busy machine are worth less.
pub fn load() -> f64 {
    read("/proc/loadavg").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn processor(cpuinfo: &str) -> String {
    let name = cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    name.map_or_else(|| "a processor without a name".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Of so many days after 1 January 1970. Years begin in March, so that the day that comes and goes is their last.
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{}-{month:02}-{day:02}", era * 400 + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, text) in [(0, "1970-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01"), (20_785, "2026-11-28")]
        {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn the_processor_says_its_name() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t: fpu"), "AMD EPYC");
        assert_eq!(processor(""), "a processor without a name");
    }
}
