//! What clients of a store saw.

use super::EstimateJson;
use models::outcome::{AnomalyOutcome, Consistency, Percentiles, PopulationTimes};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct ConsistencyJson {
    operations_per_year: EstimateJson,
    operations_simulated: u64,
    sessions_simulated: u64,
    anomalies: Vec<AnomalyJson>,
    read_seconds: PercentilesJson,
    write_seconds: PercentilesJson,
    stale_for_seconds: PercentilesJson,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    populations: Vec<PopulationJson>,
}

#[derive(Serialize)]
struct PopulationJson {
    population: String,
    read_seconds: PercentilesJson,
    write_seconds: PercentilesJson,
}

#[derive(Serialize)]
struct AnomalyJson {
    anomaly: &'static str,
    per_million_operations: EstimateJson,
    per_million_eligible: EstimateJson,
}

#[derive(Serialize)]
struct PercentilesJson {
    p50: EstimateJson,
    p99: EstimateJson,
    p999: EstimateJson,
}

impl From<&Consistency> for ConsistencyJson {
    fn from(seen: &Consistency) -> Self {
        ConsistencyJson {
            operations_per_year: seen.operations.into(),
            operations_simulated: seen.simulated,
            sessions_simulated: seen.sessions,
            anomalies: seen.anomalies.iter().map(AnomalyJson::from).collect(),
            read_seconds: seen.reads.into(),
            write_seconds: seen.writes.into(),
            stale_for_seconds: seen.stale_for.into(),
            populations: seen.populations.iter().map(PopulationJson::from).collect(),
        }
    }
}

impl From<&PopulationTimes> for PopulationJson {
    fn from(times: &PopulationTimes) -> Self {
        PopulationJson {
            population: times.population.clone(),
            read_seconds: times.reads.into(),
            write_seconds: times.writes.into(),
        }
    }
}

impl From<&AnomalyOutcome> for AnomalyJson {
    fn from(row: &AnomalyOutcome) -> Self {
        AnomalyJson {
            anomaly: row.anomaly.name(),
            per_million_operations: row.of_all.into(),
            per_million_eligible: row.of_eligible.into(),
        }
    }
}

impl From<Percentiles> for PercentilesJson {
    fn from(law: Percentiles) -> Self {
        PercentilesJson { p50: law.p50.into(), p99: law.p99.into(), p999: law.p999.into() }
    }
}
