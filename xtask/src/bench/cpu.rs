//! Our engine and its peers on the processor, round by round.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::engine::Engine;
use super::measure::{Clock, Run, Spread, agree, ratios, spread};
use super::models::{END, Models};
use super::options::Options;
use super::programs::Programs;
use super::proofs;
use super::report::{middle, table, with_range};
use super::service::{self, Cost};
use crate::run::step;

/// Prompts of the check against Hugging Face, on each model.
const CHECKED: usize = 4;
const CHECKED_TOKENS: u32 = 24;
/// The second prompt shares so many of its tokens with the first.
const SHARED: usize = 900;
const LONG: usize = 1000;
/// Answers of a miner per client.
const ANSWERS_EACH: usize = 8;

/// All that was measured.
pub struct Findings {
    /// Engines, ours first.
    engines: Vec<String>,
    runs: Vec<Run>,
    checks: Vec<String>,
    reuse: Vec<Reuse>,
    service: Option<Cost>,
    proofs: Option<proofs::Findings>,
}

/// Seconds to the first token of a prompt, and of another that mostly is the same.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Reuse {
    first_cpu_s: f64,
    second_cpu_s: f64,
    first_wall_s: f64,
    second_wall_s: f64,
}

pub fn measure(options: &Options, programs: &Programs, models: &Models) -> Result<Findings> {
    let model = models.measured()?;
    let slots = options.concurrency.iter().copied().max().unwrap_or(1);
    let prompts = model.prompts(slots, options.prompt, 7);

    let mut engines = vec![programs.ours(&model.path, options.threads, slots, false)?];
    let mut checks = Vec::new();
    if options.peers {
        let mut transformers = programs.peer("transformers", &model.path, options.threads)?;
        checks = check(options, programs, models, &mut transformers)?;
        engines.push(transformers);
        engines.push(programs.peer("ctranslate2", &models.converted(), options.threads)?);
    }
    let mut runs = Vec::new();
    // The first round finds memory that later ones have already, and doesn't count.
    for round in 0..=options.rounds {
        for &requests in &options.concurrency {
            for engine in &mut engines {
                let run = engine.measure(round, &prompts[..requests], options.new)?;
                eprintln!(
                    "    round {round}, {requests} at a time, {}: {:.1} tokens/s",
                    run.engine,
                    run.decode_rate(clock(options))
                );
                runs.push(run);
            }
        }
    }
    let names: Vec<String> = engines.iter().map(|engine| engine.name.clone()).collect();
    // what isn't measured any more must not take memory from what is
    drop(engines);
    checks.extend(same_tokens(&names, &runs)?);
    runs.retain(|run| run.round > 0);

    step("prefix reuse");
    let mut engine = programs.ours(&model.path, options.threads, 2, true)?;
    let mut reuse = Vec::new();
    for round in 0..=options.rounds {
        let prompts = model.prompts(2, LONG, 100 + round as u64);
        let [first, second] = &prompts[..] else { bail!("two prompts are wanted") };
        let second = [&first[..SHARED], &second[SHARED..]].concat();
        let (first, second) = (engine.generate(std::slice::from_ref(first), 1)?, engine.generate(&[second], 1)?);
        reuse.push(Reuse {
            first_cpu_s: first.cpu_s,
            second_cpu_s: second.cpu_s,
            first_wall_s: first.wall_s,
            second_wall_s: second.wall_s,
        });
    }
    reuse.remove(0);
    drop(engine);

    let load = service::Load {
        threads: options.threads,
        requests: ANSWERS_EACH * slots,
        concurrency: slots,
        prompt: options.prompt,
        new: options.new,
    };
    let service = Some(service::measure(&programs.assay, &model.path, load)?);
    let proofs = Some(proofs::measure(options, programs, &model)?);
    Ok(Findings { engines: names, runs, checks, reuse, service, proofs })
}

/// `assay run` makes the tokens that Hugging Face makes, on models of several seeds.
fn check(options: &Options, programs: &Programs, models: &Models, transformers: &mut Engine) -> Result<Vec<String>> {
    step("tokens as Hugging Face makes them");
    let mut checked = Vec::new();
    for model in models.checked()? {
        let prompts = model.prompts(CHECKED, options.prompt, 1);
        let request = json!({ "model": model.path, "prompts": prompts, "new": CHECKED_TOKENS });
        let theirs: super::measure::Lap = transformers.ask(&request)?;
        let ours = prompts
            .iter()
            .map(|prompt| programs.run(&model.path, prompt, CHECKED_TOKENS))
            .collect::<Result<Vec<_>>>()?;
        let name = model.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !agree(&ours, &theirs.tokens, END) {
            bail!("{name}: assay run makes {ours:?}, {} {:?}", transformers.name, theirs.tokens);
        }
        checked.push(name);
    }
    // back to what is measured
    let model = models.measured()?;
    let request = json!({ "model": model.path, "prompts": model.prompts(1, 2, 0), "new": 1 });
    transformers.ask::<Value>(&request)?;
    let what = format!(
        "`assay run` makes {}'s tokens on {} ({CHECKED} prompts of {}, {CHECKED_TOKENS} tokens each).",
        transformers.name,
        checked.join(", "),
        options.prompt
    );
    Ok(vec![what])
}

/// Every engine ran the same model if it made the same tokens. Where two were equally likely but for rounding they may
/// part; that is said, and is no failure.
fn same_tokens(engines: &[String], runs: &[Run]) -> Result<Vec<String>> {
    let Some((ours, peers)) = engines.split_first() else { bail!("no engine") };
    let said = |peer: &String| {
        let of = |name: &'_ String| runs.iter().filter(|run| run.engine == *name).collect::<Vec<_>>();
        let (mine, theirs) = (of(ours), of(peer));
        let pairs = mine.iter().flat_map(|ours| theirs.iter().map(move |theirs| (*ours, *theirs)));
        let same = |(ours, theirs): (&Run, &Run)| {
            (ours.round == theirs.round && ours.requests() == theirs.requests())
                .then(|| agree(&ours.whole.tokens, &theirs.whole.tokens, END))
        };
        let all = pairs.filter_map(same).all(|same| same);
        let word = if all { "made the same tokens as" } else { "made tokens that differ somewhere from those of" };
        format!("In the measured runs {peer} {word} {ours}.")
    };
    Ok(peers.iter().map(said).collect())
}

/// With one thread, its own seconds: others on the machine count less in them.
fn clock(options: &Options) -> Clock {
    if options.threads == 1 { Clock::Cpu } else { Clock::Wall }
}

impl Findings {
    pub fn document(&self) -> Value {
        json!({
            "engines": self.engines, "runs": self.runs, "checks": self.checks,
            "prefix_reuse": self.reuse, "service": self.service, "proofs": self.proofs,
        })
    }

    fn of(&self, engine: &str, requests: usize) -> Vec<&Run> {
        self.runs.iter().filter(|run| run.engine == engine && run.requests() == requests).collect()
    }

    pub fn markdown(&self, options: &Options) -> String {
        let mut text = String::new();
        let clocks: &[Clock] = if options.threads == 1 { &[Clock::Cpu, Clock::Wall] } else { &[Clock::Wall] };
        for clock in clocks {
            text += match clock {
                Clock::Cpu => "By the processor time of each engine's process:\n\n",
                Clock::Wall => "By the clock on the wall:\n\n",
            };
            text += &self.engines_table(options, *clock);
            text.push('\n');
        }
        for check in &self.checks {
            text += &format!("- {check}\n");
        }
        text += &self.service_line(options);
        text += &self.reuse_line();
        text += &proofs::share_lines(options, &self.runs, &self.engines[0]);
        text + &self.proofs.as_ref().map_or_else(String::new, proofs::Findings::lines)
    }

    fn engines_table(&self, options: &Options, clock: Clock) -> String {
        let mut head = vec!["engine".to_owned()];
        for requests in &options.concurrency {
            head.push(format!("prefill of {requests}, s"));
            head.push(format!("decode at {requests}, tokens/s"));
            head.push("ours / theirs".to_owned());
        }
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> = self
            .engines
            .iter()
            .map(|engine| {
                let mut row = vec![engine.clone()];
                for &requests in &options.concurrency {
                    let (ours, theirs) = (self.of(&self.engines[0], requests), self.of(engine, requests));
                    row.push(middle(spread(theirs.iter().map(|run| run.prefill.seconds(clock))), 2));
                    row.push(middle(spread(theirs.iter().map(|run| run.decode_rate(clock))), 1));
                    let ratio = ratios(&ours, &theirs, clock).filter(|_| *engine != self.engines[0]);
                    row.push(with_range(ratio, 2));
                }
                row
            })
            .collect();
        table(&head, &rows)
    }

    /// What an answer costs beside the model, as a share of the decode's processor time in process.
    fn service_share(&self, options: &Options) -> Option<(Spread, f64, f64)> {
        let cost = self.service?;
        let requests = options.concurrency.iter().copied().max()?;
        let runs = self.of(&self.engines[0], requests);
        let decode_s = spread(runs.iter().map(|run| run.decode_s(Clock::Cpu) / requests as f64))?;
        // scheduling and commitments run on the model's thread: what its steps take beside the model
        let scheduling = spread(runs.iter().filter_map(|run| {
            let spans = run.spans()?;
            Some((spans.step_s - spans.forward_s) / run.decode_s(Clock::Wall))
        }))?;
        Some((decode_s, cost.other_s / cost.answers as f64, scheduling.median))
    }

    fn service_line(&self, options: &Options) -> String {
        let (Some(cost), Some((decode_s, other_s, scheduling))) = (self.service, self.service_share(options)) else {
            return String::new();
        };
        format!(
            "- A miner that answers {} requests over gRPC, {} at a time: {:.2} ms of processor time per answer outside of the \
             model's threads, {:.2} % of what the answer's decode takes ({:.0} ms in process); scheduling and commitments on the \
             model's thread take another {:.2} %. Together **{:.2} %**. {:.1} tokens/s on the wall, prompts and clients on the same machine \
             included.\n",
            cost.answers,
            options.concurrency.iter().copied().max().unwrap_or(1),
            other_s * 1e3,
            100.0 * other_s / decode_s.median,
            decode_s.median * 1e3,
            100.0 * scheduling,
            100.0 * (other_s / decode_s.median + scheduling),
            cost.tokens_per_s,
        )
    }

    fn reuse_line(&self) -> String {
        let cpu = spread(self.reuse.iter().map(|pair| 100.0 * pair.second_cpu_s / pair.first_cpu_s));
        let wall = spread(self.reuse.iter().map(|pair| 100.0 * pair.second_wall_s / pair.first_wall_s));
        let first = spread(self.reuse.iter().map(|pair| pair.first_cpu_s));
        format!(
            "- A prompt of {LONG} tokens takes {} s to its first token; another that shares {SHARED} of them takes \
             **{} %** of that ({} % on the wall).\n",
            middle(first, 2),
            with_range(cpu, 1),
            middle(wall, 1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::{Lap, Spans};

    fn run(engine: &str, round: usize, requests: usize, decode_s: f64) -> Run {
        let lap = |seconds: f64, tokens: usize, spans| Lap {
            wall_s: seconds,
            cpu_s: seconds,
            tokens: vec![vec![9; tokens]; requests],
            spans: Some(spans),
        };
        let none = Spans { steps: 1, step_s: 0.0, forward_s: 0.0, sample_s: 0.0, prove_s: 0.0 };
        let spans =
            Spans { steps: 11, step_s: decode_s, forward_s: 0.98 * decode_s, sample_s: 0.0, prove_s: 0.01 * decode_s };
        Run { engine: engine.into(), round, prefill: lap(0.25, 1, none), whole: lap(0.25 + decode_s, 11, spans) }
    }

    fn findings() -> Findings {
        let mut runs = Vec::new();
        for (engine, requests, decode_s) in
            [("assay 1", 1, 0.5), ("assay 1", 8, 1.0), ("peer 2", 1, 1.0), ("peer 2", 8, 1.5)]
        {
            runs.extend((1..=3).map(|round| run(engine, round, requests, decode_s)));
        }
        let reuse = Reuse { first_cpu_s: 2.0, second_cpu_s: 0.25, first_wall_s: 4.0, second_wall_s: 1.0 };
        Findings {
            engines: vec!["assay 1".into(), "peer 2".into()],
            runs,
            checks: vec!["checked".into()],
            reuse: vec![reuse],
            // ten milliseconds each, of the 125 that an answer's decode takes
            service: Some(Cost { answers: 10, model_s: 3.0, other_s: 0.1, tokens_per_s: 60.0 }),
            proofs: None,
        }
    }

    #[test]
    fn ratios_stand_beside_the_peers_rates() -> Result<()> {
        let options = Options::parse(&[])?;
        let text = findings().markdown(&options);
        assert!(text.contains("| assay 1 | 0.25 | 20.0 | – | 0.25 | 80.0 | – |"), "{text}");
        assert!(
            text.contains("| peer 2 | 0.25 | 10.0 | 2.00 (2.00–2.00) | 0.25 | 53.3 | 1.50 (1.50–1.50) |"),
            "{text}"
        );
        assert!(text.contains("- checked"), "{text}");
        Ok(())
    }

    #[test]
    fn the_service_is_weighed_against_the_decode_and_prefixes_against_the_first_prompt() -> Result<()> {
        let options = Options::parse(&[])?;
        let text = findings().markdown(&options);
        assert!(text.contains("10.00 ms") && text.contains("8.00 %") && text.contains("**10.00 %**"), "{text}");
        assert!(text.contains("**12.5 (12.5–12.5) %**") && text.contains("25.0 % on the wall"), "{text}");
        Ok(())
    }

    #[test]
    fn tokens_that_differ_are_said() -> Result<()> {
        let Findings { engines, mut runs, .. } = findings();
        assert!(same_tokens(&engines, &runs)?[0].contains("the same tokens"));
        let theirs = runs.iter_mut().find(|run| run.engine == engines[1]);
        theirs.into_iter().for_each(|run| run.whole.tokens[0][3] += 1);
        assert!(same_tokens(&engines, &runs)?[0].contains("differ"));
        Ok(())
    }
}
