//! Tables of rows, and the page they are printed on.

use models::blame::{Mechanism, SourceId};
use models::outcome::{Estimate, Method, Outcome, ScopeOutcome, SiteOutcome};
use models::study::{Options, run};
use models::volume::Volume;
use sim::stats::{Confidence, LogHistogram, Pairs, wilson};
use std::fmt::Write;

/// Confidence of every interval on the page, and the normal quantile that belongs to it (two-sided).
pub(crate) const CONFIDENCE: &str = "99.9%";
const Z: f64 = 3.290_526_731_491_926;
/// How closely what is not random must agree.
const TOLERANCE: f64 = 1e-9;

/// The same, for what is estimated here.
fn confidence() -> Confidence {
    Confidence::new(0.999).expect("a probability")
}

/// What was simulated.
#[derive(Clone, Copy)]
pub(crate) enum Simulated {
    /// Nothing random was involved.
    Exactly(f64),
    /// An estimate with its interval.
    About { value: f64, low: f64, high: f64 },
}

impl From<Estimate> for Simulated {
    fn from(estimate: Estimate) -> Self {
        match estimate.method {
            Method::Exact => Simulated::Exactly(estimate.value),
            _ => Simulated::About { value: estimate.value, low: estimate.low, high: estimate.high },
        }
    }
}

/// One comparison.
struct Row {
    case: String,
    what: String,
    theory: f64,
    simulated: Simulated,
    formula: String,
}

impl Row {
    fn agrees(&self) -> bool {
        match self.simulated {
            Simulated::Exactly(value) => (value - self.theory).abs() <= TOLERANCE * self.theory.abs(),
            // Where every run shows the same the interval has no width, and only rounding is left.
            Simulated::About { low, high, .. } => {
                let rounding = TOLERANCE * self.theory.abs();
                low - rounding <= self.theory && self.theory <= high + rounding
            }
        }
    }

    fn markdown(&self) -> String {
        let Row { case, what, theory, formula, .. } = self;
        let verdict = if self.agrees() { "inside" } else { "**outside**" };
        let (simulated, interval, width, z) = match self.simulated {
            Simulated::Exactly(value) => (figure(value), "exact".into(), "".into(), "".into()),
            Simulated::About { value, low, high } => {
                let half = (high - low) / 2.0;
                let width = format!("{} %", significant(100.0 * half / theory.abs(), 2));
                let interval = format!("{} to {}", figure(low), figure(high));
                let z =
                    if half > 0.0 { format!("{:+.1}", (value - theory) / half * Z) } else { String::new() };
                (figure(value), interval, width, z)
            }
        };
        let verdict =
            if matches!(self.simulated, Simulated::Exactly(_)) && self.agrees() { "equal" } else { verdict };
        let theory = figure(*theory);
        format!(
            "| {case} | {what} | {theory} | {simulated} | {interval} | {width} | {z} | {verdict} | {formula} |"
        )
    }
}

/// The rows about one subject.
pub(crate) struct Table {
    letter: char,
    title: &'static str,
    about: &'static str,
    scenarios: Vec<(String, String)>,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(letter: char, title: &'static str, about: &'static str) -> Self {
        Table { letter, title, about, scenarios: Vec::new(), rows: Vec::new() }
    }

    /// Simulates a scenario; its books must balance to the last nano-request.
    pub(crate) fn case(&mut self, text: &str) -> Case {
        let name = format!("{}{}", self.letter, self.scenarios.len() + 1);
        let loaded =
            scenarios::load(&name, text, &[]).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let outcome = run(&loaded.specification, &Options { threads: Some(1) }, &|_| {})
            .expect("the scenario is sound");
        balance(&name, &outcome);
        self.scenarios.push((name.clone(), text.trim().to_string()));
        Case { name, outcome }
    }

    pub(crate) fn row(
        &mut self,
        case: &Case,
        what: impl Into<String>,
        theory: f64,
        simulated: impl Into<Simulated>,
        formula: impl Into<String>,
    ) {
        self.row_named(&case.name, what, theory, simulated, formula);
    }

    /// A row about what was set up in the test itself, without a scenario.
    pub(crate) fn row_named(
        &mut self,
        name: &str,
        what: impl Into<String>,
        theory: f64,
        simulated: impl Into<Simulated>,
        formula: impl Into<String>,
    ) {
        let (case, what) = (name.to_string(), what.into());
        self.rows.push(Row { case, what, theory, simulated: simulated.into(), formula: formula.into() });
    }

    /// Fails with every row that disagrees.
    pub(crate) fn check(&self) {
        let wrong: Vec<String> = self.rows.iter().filter(|row| !row.agrees()).map(Row::markdown).collect();
        assert!(wrong.is_empty(), "these rows disagree:\n{}", wrong.join("\n"));
    }

    pub(crate) fn markdown(&self) -> String {
        let mut page = format!("## {}. {}\n\n{}\n\n", self.letter, self.title, self.about);
        page.push_str("| scenario | what | theory | simulated | interval | ± | z | verdict | formula |\n");
        page.push_str("|---|---|---|---|---|---|---|---|---|\n");
        for row in &self.rows {
            writeln!(page, "{}", row.markdown()).expect("a string takes everything");
        }
        if let Some((last, _)) = self.scenarios.last() {
            page.push_str(&self.appendix(last));
        }
        page
    }

    /// The scenarios, folded.
    fn appendix(&self, last: &str) -> String {
        let mut page = format!("\n<details><summary>Scenarios {}1 to {last}</summary>\n", self.letter);
        for (name, text) in &self.scenarios {
            write!(page, "\n{name}:\n\n```yaml\n{text}\n```\n").expect("a string takes everything");
        }
        page.push_str("\n</details>\n");
        page
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Offered is served and lost, and the lost are charged twice, whole.
fn balance(name: &str, outcome: &Outcome) {
    for scope in &outcome.scopes {
        let by_mechanism: Volume = scope.by_mechanism.iter().map(|(_, volume)| *volume).sum();
        let by_source: Volume = scope.by_source.iter().map(|(_, volume)| *volume).sum();
        assert_eq!(scope.offered, scope.served + scope.lost, "{name} {}", scope.name);
        assert_eq!(scope.lost, by_mechanism, "{name} {}", scope.name);
        assert_eq!(scope.lost, by_source, "{name} {}", scope.name);
    }
}

/// A scenario that was simulated.
pub(crate) struct Case {
    name: String,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) fn scope(&self, name: &str) -> &ScopeOutcome {
        self.outcome.scopes.iter().find(|scope| scope.name == name).expect("the scope is in the scenario")
    }

    pub(crate) fn site(&self, name: &str) -> &SiteOutcome {
        self.outcome.sites.iter().find(|site| site.name == name).expect("the site is in the scenario")
    }

    /// Requests lost per replication.
    pub(crate) fn lost(&self, scope: &str) -> Simulated {
        let scope = self.scope(scope);
        let offered = scope.offered.requests() / self.outcome.replications as f64;
        match scope.availability.method {
            // The volume itself, which has more digits than one minus a share.
            Method::Exact => Simulated::Exactly(scope.lost.requests()),
            _ => scope.availability.map(|share| (1.0 - share) * offered).into(),
        }
    }

    /// Requests lost to one mechanism; for what is not random.
    pub(crate) fn lost_to(&self, scope: &str, mechanism: Mechanism) -> Simulated {
        let scope = self.scope(scope);
        assert_eq!(scope.availability.method, Method::Exact);
        let row = scope.by_mechanism.iter().find(|(known, _)| *known == mechanism);
        Simulated::Exactly(row.map_or(0.0, |(_, volume)| volume.requests()))
    }

    /// Requests of everybody charged to one source; for what is not random.
    pub(crate) fn charged_to(&self, name: &str) -> Simulated {
        use sim::Id;
        let everything = &self.outcome.scopes[0];
        assert_eq!(everything.availability.method, Method::Exact);
        let index =
            self.outcome.sources.iter().position(|source| source.name == name).expect("it is a source");
        let row = everything.by_source.iter().find(|(source, _)| *source == SourceId::from_index(index));
        Simulated::Exactly(row.map_or(0.0, |(_, volume)| volume.requests()))
    }

    /// Requests a site served; for what is not random.
    pub(crate) fn served_by(&self, site: &str) -> Simulated {
        assert_eq!(self.outcome.replications, 1);
        Simulated::Exactly(self.site(site).served.requests())
    }

    /// Standard deviation of the time down in a replication, with the interval that follows from the sample's own
    /// fourth moment: the variance of s^2 is (m4 - s^4 (n - 3)/(n - 1))/n, and that of s a quarter of it over s^2.
    pub(crate) fn deviation(&self, scope: &str) -> Simulated {
        let sample: Vec<f64> = self.scope(scope).downtimes.iter().map(|span| span.seconds()).collect();
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let moment = |k: i32| sample.iter().map(|x| (x - mean).powi(k)).sum::<f64>();
        let variance = moment(2) / (n - 1.0);
        let error = ((moment(4) / n - variance * variance * (n - 3.0) / (n - 1.0)) / n).sqrt();
        let value = variance.sqrt();
        let half = Z * error / (2.0 * value);
        // The engine's own figure, exactly merged, must be the same one.
        let engine = self.scope(scope).downtime_deviation;
        assert!((engine / value - 1.0).abs() < 1e-9, "{}: {engine} {value}", self.name);
        Simulated::About { value, low: value - half, high: value + half }
    }
}

impl Simulated {
    /// A share of independent trials (Wilson).
    pub(crate) fn share(hits: u64, trials: u64) -> Self {
        let interval = wilson(hits, trials, confidence());
        let value = hits as f64 / trials as f64;
        Simulated::About { value, low: interval.low, high: interval.high }
    }

    /// A quantile of independent values (by the binomial law of its rank).
    pub(crate) fn quantile(values: &LogHistogram, p: f64) -> Self {
        let estimate = values.quantile(p, confidence()).expect("there are values");
        Simulated::About { value: estimate.value, low: estimate.interval.low, high: estimate.interval.high }
    }

    /// The ratio of two sums over replications (delta method).
    pub(crate) fn ratio(replications: &Pairs) -> Self {
        let estimate = replications.ratio(confidence());
        Simulated::About { value: estimate.value, low: estimate.interval.low, high: estimate.interval.high }
    }

    /// Against a reference that is itself an estimate: both halves `factor` times as wide, and `rounding` more.
    pub(crate) fn wider(self, factor: f64, rounding: f64) -> Self {
        match self {
            Simulated::Exactly(_) => self,
            Simulated::About { value, low, high } => Simulated::About {
                value,
                low: value - (value - low) * factor - rounding,
                high: value + (high - value) * factor + rounding,
            },
        }
    }

    /// The same, in another unit.
    pub(crate) fn times(self, factor: f64) -> Self {
        match self {
            Simulated::Exactly(value) => Simulated::Exactly(value * factor),
            Simulated::About { value, low, high } => {
                Simulated::About { value: value * factor, low: low * factor, high: high * factor }
            }
        }
    }
}

/// Seven significant digits.
fn figure(value: f64) -> String {
    significant(value, 7)
}

fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-6..=11).contains(&magnitude) {
        return format!("{value:.*e}", digits - 1);
    }
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}
