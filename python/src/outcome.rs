//! What a campaign of simulated runs came to, with series as NumPy's arrays.

use numpy::{IntoPyArray, PyArray1};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use simulation::{GroupSummary, PointOutcome, Verdict};

use crate::{
    estimate::{Band, Estimate},
    failure::Failure,
    rules,
};

/// What a group of agents came to. Sums are over all its members, and over a run; alpha is in alpha.
///
/// Attributes
/// ----------
/// name : str
///     Its name.
/// side : {"miners", "validators"}
///     Which it is one of.
/// kind : str
///     What its members do.
/// agents : float
///     Members that there ever were, newcomers included.
/// emission_alpha, emission_alpha_per_agent_epoch, cost_alpha, profit_alpha : Estimate
///     What they were paid; what each was in an epoch; what they spent; emission less cost.
/// return_on_cost : Estimate or None
///     Profit over cost; None where nothing was spent in some run.
/// deregistrations, seats_at_end : Estimate
///     Seats that were lost, and that are held at the end.
/// median_epochs_until_deregistered : float or None
///     Epochs for which a lost seat was held.
/// seats_kept_share : float
///     Share of all seats that they ever had that is held at the end, 0 to 1.
/// emission_alpha_per_epoch, cost_alpha_per_epoch, seats : Band
///     Over time, see `Point.until_epochs`.
/// validator_trust, dividends_per_stake : Band
///     Of validators, over time: mean trust, 0 to 1, and dividends of an epoch per alpha staked. Empty of miners.
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Group {
    name: String,
    side: &'static str,
    kind: &'static str,
    agents: f64,
    emission_alpha: Estimate,
    emission_alpha_per_agent_epoch: Estimate,
    cost_alpha: Estimate,
    profit_alpha: Estimate,
    return_on_cost: Option<Estimate>,
    deregistrations: Estimate,
    median_epochs_until_deregistered: Option<f64>,
    seats_at_end: Estimate,
    seats_kept_share: f64,
    emission_alpha_per_epoch: Py<Band>,
    cost_alpha_per_epoch: Py<Band>,
    seats: Py<Band>,
    validator_trust: Py<Band>,
    dividends_per_stake: Py<Band>,
}

/// How something is spread over those who hold it, over time.
///
/// Attributes
/// ----------
/// herfindahl, gini, nakamoto_50 : Band
///     See `assay.concentration`; a Nakamoto coefficient of 0 is none.
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Spread {
    herfindahl: Py<Band>,
    gini: Py<Band>,
    nakamoto_50: Py<Band>,
}

/// What becomes of one honest agent that does something else while all others stay as they are.
///
/// Attributes
/// ----------
/// side, group, alternative : str
///     `miners` or `validators`; the honest group that it is one of; what it does instead.
/// honest_profit_alpha, alternative_profit_alpha : Estimate
///     Its profit over a run, in alpha. With that of the miners that a colluding validator works for.
/// gain_alpha : Estimate
///     What it gains by it: over pairs of runs of one seed.
/// p_value : float or None
///     The chance of such differences where there is none, Holm's adjustment made; None where no pair differs.
/// verdict : {"honest_is_better", "honest_is_worse", "undecided"}
///     What follows.
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Response {
    side: &'static str,
    group: String,
    alternative: &'static str,
    honest_profit_alpha: Estimate,
    alternative_profit_alpha: Estimate,
    gain_alpha: Estimate,
    p_value: Option<f64>,
    verdict: &'static str,
}

/// What one combination of swept settings came to; the only one where nothing is swept.
///
/// Attributes
/// ----------
/// settings : dict of str to bool, int, float or str
///     The swept settings, dotted, and their values.
/// epochs, runs : int
///     Epochs of each run, and runs, without those of other responses.
/// confidence : float
///     The chance with which intervals hold what they are about.
/// until_epochs : numpy.ndarray[uint64], shape (m,)
///     Every band has a point for the epochs up to each of these, the one before it excluded.
/// groups : dict of str to Group
///     By name: miners in the scenario's order, then validators.
/// miners, validators, stake : Spread
///     Of emission over seated miners' operators, of emission over seated validators, of the alpha staked to these.
/// responses : list of Response
///     Empty where the scenario doesn't ask (`run.best_response`).
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Point {
    settings: Py<PyAny>,
    epochs: u64,
    runs: u32,
    confidence: f64,
    until_epochs: Py<PyArray1<u64>>,
    groups: Py<PyDict>,
    miners: Py<Spread>,
    validators: Py<Spread>,
    stake: Py<Spread>,
    responses: Py<PyList>,
}

/// What a campaign came to.
///
/// Attributes
/// ----------
/// points : list of Point
///     One for each combination of swept settings, the last setting changing fastest.
/// json : str
///     All of it as one object of JSON.
#[pyclass(frozen, get_all, module = "assay.simulation")]
pub struct Outcome {
    points: Py<PyList>,
    json: String,
}

impl Outcome {
    /// Hands the series over as they are.
    pub fn of(py: Python<'_>, outcome: simulation::Outcome) -> Result<Self, Failure> {
        let json = serde_json::to_string(&outcome).map_err(Failure::Outcome)?;
        let points = outcome.points.into_iter().map(|point| Py::new(py, Point::of(py, point)?));
        let points = PyList::new(py, points.collect::<PyResult<Vec<_>>>()?)?.unbind();
        Ok(Self { points, json })
    }
}

#[pymethods]
impl Outcome {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Outcome(points={})", self.points.bind(py).len())
    }
}

impl Point {
    fn of(py: Python<'_>, point: PointOutcome) -> PyResult<Self> {
        let PointOutcome { settings, epochs, runs, confidence, summary, responses } = point;
        let groups = PyDict::new(py);
        for group in summary.groups {
            groups.set_item(group.name.clone(), Py::new(py, Group::of(py, group)?)?)?;
        }
        let responses = responses.into_iter().map(|response| Py::new(py, Response::from(response)));
        Ok(Self {
            settings: rules::loaded(py, &settings)?.unbind(),
            epochs,
            runs,
            confidence,
            until_epochs: summary.until_epochs.into_pyarray(py).unbind(),
            groups: groups.unbind(),
            miners: Spread::of(py, summary.miners)?,
            validators: Spread::of(py, summary.validators)?,
            stake: Spread::of(py, summary.stake)?,
            responses: PyList::new(py, responses.collect::<PyResult<Vec<_>>>()?)?.unbind(),
        })
    }
}

#[pymethods]
impl Point {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Point(settings={}, epochs={}, runs={})", self.settings.bind(py), self.epochs, self.runs)
    }
}

impl Group {
    fn of(py: Python<'_>, group: GroupSummary) -> PyResult<Self> {
        let band = |band| Band::of(py, band);
        Ok(Self {
            name: group.name,
            side: group.side,
            kind: group.kind,
            agents: group.agents,
            emission_alpha: group.emission_alpha.into(),
            emission_alpha_per_agent_epoch: group.emission_alpha_per_agent_epoch.into(),
            cost_alpha: group.cost_alpha.into(),
            profit_alpha: group.profit_alpha.into(),
            return_on_cost: group.return_on_cost.map(Estimate::from),
            deregistrations: group.deregistrations.into(),
            median_epochs_until_deregistered: group.median_epochs_until_deregistered,
            seats_at_end: group.seats_at_end.into(),
            seats_kept_share: group.seats_kept_share,
            emission_alpha_per_epoch: band(group.emission_alpha_per_epoch)?,
            cost_alpha_per_epoch: band(group.cost_alpha_per_epoch)?,
            seats: band(group.seats)?,
            validator_trust: band(group.validator_trust)?,
            dividends_per_stake: band(group.dividends_per_stake)?,
        })
    }
}

#[pymethods]
impl Group {
    fn __repr__(&self) -> String {
        let Self { name, side, kind, .. } = self;
        format!("Group(name={name:?}, side={side:?}, kind={kind:?})")
    }
}

impl Spread {
    fn of(py: Python<'_>, spread: simulation::Spread) -> PyResult<Py<Self>> {
        let simulation::Spread { herfindahl, gini, nakamoto_50 } = spread;
        let band = |band| Band::of(py, band);
        Py::new(py, Self { herfindahl: band(herfindahl)?, gini: band(gini)?, nakamoto_50: band(nakamoto_50)? })
    }
}

impl From<simulation::Response> for Response {
    fn from(response: simulation::Response) -> Self {
        Self {
            side: response.side,
            group: response.group,
            alternative: response.alternative,
            honest_profit_alpha: response.honest_profit_alpha.into(),
            alternative_profit_alpha: response.alternative_profit_alpha.into(),
            gain_alpha: response.gain_alpha.into(),
            p_value: response.p_value,
            verdict: match response.verdict {
                Verdict::HonestIsBetter => "honest_is_better",
                Verdict::HonestIsWorse => "honest_is_worse",
                Verdict::Undecided => "undecided",
            },
        }
    }
}

#[pymethods]
impl Response {
    fn __repr__(&self) -> String {
        let Self { group, alternative, verdict, .. } = self;
        format!("Response(group={group:?}, alternative={alternative:?}, verdict={verdict:?})")
    }
}
