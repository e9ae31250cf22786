//! Strengths are those of choix, their errors those of statsmodels, ratings those of the papers' formulas. The numbers
//! are written by `fixtures/pairwise.py`.

use assay_scoring::pairwise::{Game, Glicko, Winner, bradley_terry, elo, glicko2};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    strengths: Vec<Strengths>,
    ratings: Vec<Ratings>,
}

#[derive(Deserialize)]
struct Strengths {
    wins: Vec<Vec<f64>>,
    prior: f64,
    logs: Vec<f64>,
    errors: Vec<f64>,
}

#[derive(Deserialize)]
struct Ratings {
    players: usize,
    games: Vec<(usize, usize, f64)>,
    elo: Vec<f64>,
    periods: Vec<Vec<(usize, usize, f64)>>,
    tau: f64,
    glicko2: Vec<[f64; 3]>,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/pairwise.json")).unwrap()
}

fn game(&(first, second, points): &(usize, usize, f64)) -> Game {
    let winner = match points {
        1.0 => Winner::First,
        0.0 => Winner::Second,
        _ => Winner::Neither,
    };
    Game { first, second, winner }
}

#[test]
fn strengths_are_those_of_choix_and_errors_those_of_statsmodels() {
    for case in fixtures().strengths {
        let count = case.wins.len();
        let wins = Array2::from_shape_vec((count, count), case.wins.concat()).unwrap();
        let fit = bradley_terry(wins.view(), case.prior).unwrap();
        let intervals = fit.intervals(0.95).unwrap();
        assert_eq!(intervals.len(), case.logs.len());
        for (found, (log, error)) in intervals.iter().zip(case.logs.iter().zip(&case.errors)) {
            // Absolute: a logarithm near zero has no digits of its own.
            assert!((found.log_strength - log).abs() < 1e-9, "{} {log} after {}", found.log_strength, fit.rounds);
            assert!((found.standard_error / error - 1.0).abs() < 1e-8, "{} {error}", found.standard_error);
        }
    }
}

#[test]
fn ratings_are_the_papers() {
    for case in fixtures().ratings {
        let games: Vec<Game> = case.games.iter().map(game).collect();
        let found = elo(&vec![1_500.0; case.players], &games, 24.0).unwrap();
        assert!(found.iter().zip(&case.elo).all(|(found, expected)| (found / expected - 1.0).abs() < 1e-9));
        let periods: Vec<Vec<Game>> = case.periods.iter().map(|games| games.iter().map(game).collect()).collect();
        let found = glicko2(&vec![Glicko::default(); case.players], &periods, case.tau).unwrap();
        for (found, [rating, deviation, volatility]) in found.iter().zip(case.glicko2) {
            // The volatility is iterated to a millionth, and the others follow from it.
            assert!((found.rating - rating).abs() < 1e-4 && (found.deviation - deviation).abs() < 1e-4, "{found:?}");
            assert!((found.volatility - volatility).abs() < 1e-7, "{found:?} {volatility}");
        }
    }
}
