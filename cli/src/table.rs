//! Columns for people: aligned, two spaces apart, numbers to the right.

use std::io::{self, Write};

/// Rows of text under a heading.
pub struct Table {
    rows: Vec<Vec<String>>,
}

/// One cell from anything that can be shown.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($cell.to_string()),*] };
}

impl Table {
    /// With these headings.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(ToString::to_string).collect()] }
    }

    /// Add a row.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Write it all.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let shape: Vec<(usize, bool)> = (0..columns)
            .map(|column| {
                let cells = || self.rows.iter().filter_map(move |row| row.get(column));
                let width = cells().map(|cell| cell.chars().count()).max().unwrap_or(0);
                (width, cells().skip(1).all(|cell| is_number(cell)))
            })
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, (width, right)) in row.iter().zip(&shape) {
                let pad = " ".repeat(width - cell.chars().count());
                line += &if *right { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") };
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn is_number(cell: &str) -> bool {
    cell == "-" || (!cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit() || ".,-+e%".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["uid", "hotkey", "stake"]);
        table.push(row![1, "5Abc", "12.5"]);
        table.push(row![12, "5A", "-"]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "uid  hotkey  stake\n  1  5Abc     12.5\n 12  5A          -\n");
    }
}
