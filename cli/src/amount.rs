//! Amounts of money, exactly: nine decimals, never a float.

/// An amount of TAO, or of alpha, in rao.
pub fn rao(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || (whole.is_empty() && part.is_empty()) {
        return Err("not an amount such as 1.5".into());
    }
    if part.len() > 9 {
        return Err("finer than a rao (nine decimals)".into());
    }
    let rao = format!("{whole}{part:0<9}").parse().map_err(|_| "more than there is".to_owned())?;
    if rao == 0 { Err("nothing".into()) } else { Ok(rao) }
}

/// An amount in rao as people write it, to the last rao.
pub fn tao(rao: u64) -> String {
    let text = format!("{}.{:09}", rao / 1_000_000_000, rao % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(rao("1"), Ok(1_000_000_000));
        assert_eq!(rao("1.5"), Ok(1_500_000_000));
        assert_eq!(rao("0.000000001"), Ok(1));
        assert_eq!(rao(".5"), Ok(500_000_000));
        assert_eq!(rao("18446744073.709551615"), Ok(u64::MAX));
        for nonsense in ["", ".", "0", "-1", "1e9", "1,5", "0.0000000001", "18446744073.709551616", "+1", "1.+5"] {
            assert!(rao(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read() {
        for (amount, text) in [(1_500_000_000, "1.5"), (1, "0.000000001"), (7_000_000_000, "7"), (0, "0")] {
            assert_eq!(tao(amount), text);
        }
    }
}
