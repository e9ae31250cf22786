//! How tokens are chosen, on the command line.

use primitives::Sampling;
use protos::{MAX_TEMPERATURE_MILLI, MAX_TOP_P_MILLI};

/// Beside the temperature, whose default differs from command to command.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct SamplingFlags {
    /// Draw from the fewest likeliest tokens that together have this share of the probability
    #[arg(long, value_name = "SHARE", default_value = "1.0", value_parser = top_p_milli)]
    top_p: u32,
    /// Draw from so many likeliest tokens; 0: from all
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    top_k: u32,
}

impl SamplingFlags {
    /// At a temperature in thousandths.
    pub fn at(self, temperature_milli: u32) -> Sampling {
        Sampling { temperature_milli, top_p_milli: self.top_p, top_k: self.top_k }
    }
}

/// A temperature as it goes over the wire: in thousandths.
pub fn temperature_milli(text: &str) -> Result<u32, String> {
    thousandths(text, 0, MAX_TEMPERATURE_MILLI)
}

fn top_p_milli(text: &str) -> Result<u32, String> {
    thousandths(text, 1, MAX_TOP_P_MILLI)
}

fn thousandths(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let milli = (value * 1_000.0).round();
    if !(f64::from(least)..=f64::from(most)).contains(&milli) {
        return Err(format!("not between {} and {}", f64::from(least) / 1_000.0, most / 1_000));
    }
    Ok(milli as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_thousandths() {
        assert_eq!(temperature_milli("0"), Ok(0));
        assert_eq!(temperature_milli("0.7"), Ok(700));
        assert_eq!(temperature_milli("1"), Ok(1_000));
        assert_eq!(top_p_milli("0.95"), Ok(950));
        for nonsense in ["-1", "nan", "inf", "hot", "1e9", ""] {
            assert!(temperature_milli(nonsense).is_err(), "{nonsense}");
        }
        // a nucleus of nothing is none
        for nonsense in ["0", "0.0001", "1.1"] {
            assert!(top_p_milli(nonsense).is_err(), "{nonsense}");
        }
    }
}
