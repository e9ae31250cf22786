//! Dates for templates that tell the model what day it is. In UTC: two machines that render a conversation at one time
//! render the same text.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use minijinja::{Error, ErrorKind};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Writes a time as C's `strftime` does in its own locale, as far as templates ask for it.
pub(super) fn strftime(now: SystemTime, format: &str) -> Result<String, Error> {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    // 1 January 1970 was a Thursday
    let (weekday, month_name) = (DAYS[(days as usize + 3) % 7], MONTHS[month as usize - 1]);
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        // writing to a text can't fail
        let _ = match letters.next() {
            Some('d') => write!(out, "{day:02}"),
            Some('e') => write!(out, "{day:2}"),
            Some('m') => write!(out, "{month:02}"),
            Some('b') => write!(out, "{}", &month_name[..3]),
            Some('B') => write!(out, "{month_name}"),
            Some('Y') => write!(out, "{year}"),
            Some('y') => write!(out, "{:02}", year % 100),
            Some('a') => write!(out, "{}", &weekday[..3]),
            Some('A') => write!(out, "{weekday}"),
            Some('H') => write!(out, "{hour:02}"),
            Some('I') => write!(out, "{:02}", (hour + 11) % 12 + 1),
            Some('M') => write!(out, "{minute:02}"),
            Some('S') => write!(out, "{:02}", second % 60),
            Some('p') => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('j') => write!(out, "{:03}", days - first_of(year) + 1),
            Some('F') => write!(out, "{year}-{month:02}-{day:02}"),
            Some('T') => write!(out, "{hour:02}:{minute:02}:{:02}", second % 60),
            Some('%') => write!(out, "%"),
            other => {
                let other = other.map(String::from).unwrap_or_default();
                let detail = format!("strftime_now doesn't know %{other}");
                return Err(Error::new(ErrorKind::InvalidOperation, detail));
            }
        };
    }
    Ok(out)
}

/// Days from 1970 to the first of a year.
fn first_of(year: u64) -> u64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400 - 719_162
}

/// Year, month and day of a day, counted from 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let mut year = 1970 + days / 366;
    while first_of(year + 1) <= days {
        year += 1;
    }
    let leap = u64::from(first_of(year + 1) - first_of(year) == 366);
    let mut day = days - first_of(year);
    for (month, length) in (1..).zip([31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if day < length {
            return (year, month, day + 1);
        }
        day -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_pythons() {
        // datetime.fromtimestamp(t, UTC).strftime("%d %b %Y|%A %j|%y-%m-%d %H:%M:%S %I%p|%e %B %a")
        let cases = [
            (0, "01 Jan 1970|Thursday 001|70-01-01 00:00:00 12AM| 1 January Thu"),
            (951_782_399, "28 Feb 2000|Monday 059|00-02-28 23:59:59 11PM|28 February Mon"),
            (951_782_400, "29 Feb 2000|Tuesday 060|00-02-29 00:00:00 12AM|29 February Tue"),
            (1_798_761_599, "31 Dec 2026|Thursday 365|26-12-31 23:59:59 11PM|31 December Thu"),
            (1_735_646_400, "31 Dec 2024|Tuesday 366|24-12-31 12:00:00 12PM|31 December Tue"),
            (4_107_542_400, "01 Mar 2100|Monday 060|00-03-01 00:00:00 12AM| 1 March Mon"),
        ];
        let format = "%d %b %Y|%A %j|%y-%m-%d %H:%M:%S %I%p|%e %B %a";
        for (seconds, text) in cases {
            assert_eq!(strftime(UNIX_EPOCH + Duration::from_secs(seconds), format).expect("a date"), text);
        }
        let error = strftime(UNIX_EPOCH, "%Q").expect_err("unknown");
        assert!(error.to_string().contains("%Q"), "{error}");
    }
}
