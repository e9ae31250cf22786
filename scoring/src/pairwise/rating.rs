//! Ratings that follow games: Elo's (Elo, "The rating of chessplayers, past and present", 1978) and Glickman's second
//! ("Example of the Glicko-2 system", 2013), by `skillratings`. For reports: the order of games matters, and last bits
//! are the platform's.

use skillratings::{
    Outcomes,
    elo::{EloConfig, EloRating},
    glicko2::{Glicko2Config, Glicko2Rating, glicko2_rating_period},
};

/// Who won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The first of the two.
    First,
    /// The second.
    Second,
    /// Nobody: a draw.
    Neither,
}

/// A comparison of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Game {
    /// Place of the first in the list of ratings.
    pub first: usize,
    /// Place of the second.
    pub second: usize,
    /// Who won.
    pub winner: Winner,
}

/// A rating of Glicko-2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glicko {
    /// How strong, on Elo's scale.
    pub rating: f64,
    /// How unsure that is: a standard deviation.
    pub deviation: f64,
    /// How much the strength moves between periods.
    pub volatility: f64,
}

impl Default for Glicko {
    /// Of whom nothing is known: 1500, give or take 350.
    fn default() -> Self {
        Self { rating: 1_500.0, deviation: 350.0, volatility: 0.06 }
    }
}

/// Why there are no ratings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// A game of somebody who isn't in the list, or against oneself.
    #[error("game {0} isn't one of two in the list")]
    NotAGame(usize),
    /// A rating or a constant that isn't a number in its range, to begin with or after games.
    #[error("ratings are out of their range")]
    OutOfRange,
}

/// Ratings after these games, one after another, of those who began with `ratings` (usually 1000 or 1500 each). `k` is
/// what a game moves at most, usually 32.
pub fn elo(ratings: &[f64], games: &[Game], k: f64) -> Result<Vec<f64>, RatingError> {
    are_games(ratings.len(), games)?;
    let mut ratings: Vec<EloRating> = ratings.iter().map(|&rating| EloRating { rating }).collect();
    for game in games {
        let (first, second) = (ratings[game.first], ratings[game.second]);
        let after = skillratings::elo::elo(&first, &second, &outcome(game.winner), &EloConfig { k });
        (ratings[game.first], ratings[game.second]) = after;
    }
    let ratings: Vec<f64> = ratings.into_iter().map(|rating| rating.rating).collect();
    // A constant that is no number makes ratings that are none, unless nobody played.
    let is_sound = (0.0..=f64::MAX).contains(&k) && ratings.iter().all(|rating| rating.is_finite());
    if is_sound { Ok(ratings) } else { Err(RatingError::OutOfRange) }
}

/// Ratings after these periods, one after another. Games of one period count as played at once, so their order doesn't
/// matter; who plays none in a period becomes less sure. The system is made for ten games or so of everyone in a
/// period. `tau` is how freely volatility moves, 0.3 to 1.2.
pub fn glicko2(ratings: &[Glicko], periods: &[Vec<Game>], tau: f64) -> Result<Vec<Glicko>, RatingError> {
    let is_sound = |rating: &Glicko| {
        // Wider than this, the iteration for the volatility has no ground to stand on.
        rating.rating.abs() <= 100_000.0
            && (1e-3..=10_000.0).contains(&rating.deviation)
            && (1e-6..=1.0).contains(&rating.volatility)
    };
    if !((0.01..=10.0).contains(&tau) && ratings.iter().all(is_sound)) {
        return Err(RatingError::OutOfRange);
    }
    let config = Glicko2Config { tau, ..Glicko2Config::default() };
    let mut ratings = ratings.to_vec();
    for games in periods {
        are_games(ratings.len(), games)?;
        let mut played: Vec<Vec<(Glicko2Rating, Outcomes)>> = vec![Vec::new(); ratings.len()];
        for game in games {
            let (first, second) = (theirs(&ratings[game.first]), theirs(&ratings[game.second]));
            played[game.first].push((second, outcome(game.winner)));
            played[game.second].push((first, outcome(turned(game.winner))));
        }
        ratings = ratings.iter().zip(&played).map(|(own, played)| period(own, played, &config)).collect();
        if !ratings.iter().all(is_sound) {
            return Err(RatingError::OutOfRange);
        }
    }
    Ok(ratings)
}

fn period(own: &Glicko, played: &[(Glicko2Rating, Outcomes)], config: &Glicko2Config) -> Glicko {
    let after = glicko2_rating_period(&theirs(own), played, config);
    Glicko { rating: after.rating, deviation: after.deviation, volatility: after.volatility }
}

fn are_games(players: usize, games: &[Game]) -> Result<(), RatingError> {
    let is_wrong = |game: &Game| game.first == game.second || game.first.max(game.second) >= players;
    games.iter().position(is_wrong).map_or(Ok(()), |at| Err(RatingError::NotAGame(at)))
}

fn theirs(rating: &Glicko) -> Glicko2Rating {
    Glicko2Rating { rating: rating.rating, deviation: rating.deviation, volatility: rating.volatility }
}

fn outcome(winner: Winner) -> Outcomes {
    match winner {
        Winner::First => Outcomes::WIN,
        Winner::Second => Outcomes::LOSS,
        Winner::Neither => Outcomes::DRAW,
    }
}

fn turned(winner: Winner) -> Winner {
    match winner {
        Winner::First => Winner::Second,
        Winner::Second => Winner::First,
        Winner::Neither => Winner::Neither,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn game(first: usize, second: usize, winner: Winner) -> Game {
        Game { first, second, winner }
    }

    #[test]
    fn elo_is_the_formula() {
        let even = elo(&[1_000.0; 2], &[game(0, 1, Winner::First)], 32.0).unwrap();
        assert_eq!(even, [1_016.0, 984.0]);
        // 400 points are ten to one.
        let after = elo(&[1_400.0, 1_000.0], &[game(1, 0, Winner::First)], 32.0).unwrap();
        assert!((after[0] - (1_400.0 - 320.0 / 11.0)).abs() < 1e-9);
        let drawn = elo(&[1_400.0, 1_000.0], &[game(1, 0, Winner::Neither)], 32.0).unwrap();
        assert!((drawn[1] - (1_000.0 + 32.0 * (0.5 - 1.0 / 11.0))).abs() < 1e-9);
    }

    #[test]
    fn glicko_is_glickmans_example() {
        let rated = |rating, deviation| Glicko { rating, deviation, volatility: 0.06 };
        let ratings = [rated(1_500.0, 200.0), rated(1_400.0, 30.0), rated(1_550.0, 100.0), rated(1_700.0, 300.0)];
        let games = vec![game(0, 1, Winner::First), game(0, 2, Winner::Second), game(3, 0, Winner::First)];
        let after = glicko2(&ratings, &[games], 0.5).unwrap()[0];
        assert!((after.rating - 1_464.06).abs() < 0.01 && (after.deviation - 151.52).abs() < 0.01, "{after:?}");
        assert!((after.volatility - 0.059_99).abs() < 1e-5);
        // Who doesn't play becomes less sure, and nothing else.
        let idle = glicko2(&ratings, &[vec![]], 0.5).unwrap();
        assert!(idle[1].deviation > 30.0 && idle[1].rating == 1_400.0);
    }

    #[test]
    fn what_is_no_game_is_refused() {
        for wrong in [game(0, 2, Winner::First), game(1, 1, Winner::Neither)] {
            let games = [game(0, 1, Winner::First), wrong];
            assert_eq!(elo(&[1.0; 2], &games, 32.0), Err(RatingError::NotAGame(1)));
            assert_eq!(glicko2(&[Glicko::default(); 2], &[games.to_vec()], 0.5), Err(RatingError::NotAGame(1)));
        }
        assert_eq!(elo(&[f64::NAN], &[], 32.0), Err(RatingError::OutOfRange));
        assert_eq!(elo(&[1.0], &[], f64::NAN), Err(RatingError::OutOfRange));
        let odd = Glicko { deviation: 0.0, ..Glicko::default() };
        assert_eq!(glicko2(&[odd], &[], 0.5), Err(RatingError::OutOfRange));
        assert_eq!(glicko2(&[Glicko::default()], &[], 0.0), Err(RatingError::OutOfRange));
        assert_eq!(elo(&[], &[], 32.0), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn elo_keeps_its_sum_and_glicko_the_order_of_nothing(
            games in prop::collection::vec((0..4_usize, 1..4_usize, 0..3_u8), 0..20),
        ) {
            let winner = |kind| [Winner::First, Winner::Second, Winner::Neither][usize::from(kind)];
            let mut games: Vec<Game> = games.iter().map(|&(a, by, kind)| game(a, (a + by) % 4, winner(kind))).collect();
            let rated = elo(&[1_500.0; 4], &games, 32.0).unwrap();
            prop_assert!((rated.iter().sum::<f64>() - 6_000.0).abs() < 1e-6);
            let found = glicko2(&[Glicko::default(); 4], &[games.clone(), games.clone()], 0.5).unwrap();
            games.reverse();
            let swap = |at: &Game| game(at.second, at.first, turned(at.winner));
            let turned: Vec<Game> = games.iter().map(swap).collect();
            let again = glicko2(&[Glicko::default(); 4], &[games, turned], 0.5).unwrap();
            for (a, b) in found.iter().zip(&again) {
                prop_assert!((a.rating - b.rating).abs() < 1e-6 && (a.deviation - b.deviation).abs() < 1e-6);
            }
        }
    }
}
