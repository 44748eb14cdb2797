use crate::sample;
use models::outcome::Estimate;
use models::outcome::Method;
use serde_json::Value;
use snapbox::{assert_data_eq, str};
use std::collections::BTreeSet;

#[test]
fn the_keys_stand_in_a_fixed_order_and_carry_their_units() {
    let mut outcome = sample::quiet();
    outcome.scopes[0].downtimes.truncate(1);
    outcome.scopes[0].unavailabilities.truncate(1);
    outcome.sites.truncate(1);
    outcome.sources.truncate(1);
    outcome.expectations.truncate(1);
    outcome.promises.clear();
    let text = super::run(&sample::specification(), &outcome, &sample::reproduce(&outcome));
    assert_data_eq!(
        text,
        str![[r#"
{
  "format_version": "1.0",
  "kind": "run",
  "outcome": {
    "name": "shop",
    "question": "Is one region enough?",
    "horizon_ns": 31536000000000000,
    "replications": 100,
    "seed": 7,
    "confidence": 0.95,
    "stopped": "count",
    "scopes": [
      {
        "name": "everything",
        "kind": "all",
        "offered": {
          "requests": 64000000000.0,
          "nanorequests": "64000000000000000000"
        },
        "served": {
          "requests": 64000000000.0,
          "nanorequests": "64000000000000000000"
        },
        "lost": {
          "requests": 0.0,
          "nanorequests": "0"
        },
        "availability_share": {
          "value": 1.0,
          "low": 0.999963,
          "high": 1.0,
          "method": "none-seen",
          "sample": 100
        },
        "availability_nines": null,
        "time_up_share": {
          "value": 1.0,
          "low": 0.999963,
          "high": 1.0,
          "method": "none-seen",
          "sample": 100
        },
        "downtime_seconds_per_year": {
          "value": 0.0,
          "low": 0.0,
          "high": 1163.0,
          "method": "none-seen",
          "sample": 100
        },
        "downtime_deviation_seconds": 20000.0,
        "outages_per_year": {
          "value": 0.0,
          "low": 0.0,
          "high": 0.0369,
          "method": "none-seen",
          "sample": 100
        },
        "outage_length": {
          "count": 812,
          "mean_seconds": 266.0,
          "shortest_ns": 1000000000,
          "longest_ns": 9500000000000,
          "p50_seconds": {
            "value": 190.0,
            "low": 171.0,
            "high": 228.0,
            "method": "order-statistic",
            "sample": 812
          },
          "p95_seconds": {
            "value": 1140.0,
            "low": 1026.0,
            "high": 1368.0,
            "method": "order-statistic",
            "sample": 812
          },
          "p99_seconds": {
            "value": 3800.0,
            "low": 3420.0,
            "high": 4560.0,
            "method": "order-statistic",
            "sample": 812
          }
        },
        "recovery": {
          "count": 0,
          "mean_seconds": null,
          "shortest_ns": 1000000000,
          "longest_ns": 10000000000000,
          "p50_seconds": {
            "value": 200.0,
            "low": 180.0,
            "high": 240.0,
            "method": "order-statistic",
            "sample": 812
          },
          "p95_seconds": {
            "value": 1200.0,
            "low": 1080.0,
            "high": 1440.0,
            "method": "order-statistic",
            "sample": 812
          },
          "p99_seconds": {
            "value": 4000.0,
            "low": 3600.0,
            "high": 4800.0,
            "method": "order-statistic",
            "sample": 812
          }
        },
        "lost_by_mechanism": [],
        "lost_by_source": [],
        "lost_by_both": [],
        "causes": [],
        "time_not_up_by_source": [],
        "downtimes_ns": [
          0
        ],
        "unavailability_shares": [
          0.0
        ]
      }
    ],
    "sites": [
      {
        "name": "virginia",
        "availability_share": {
          "value": 0.9991,
          "low": 0.9989,
          "high": 0.9993,
          "method": "gamma",
          "sample": 812
        },
        "served": {
          "requests": 32000000000.0,
          "nanorequests": "32000000000000000000"
        },
        "failed_share": 0.0123,
        "load_mean_rps": 1000.0,
        "load_peak_rps": 2000.0,
        "capacity_rps": 1500.0,
        "verdict_changes_per_year": 4.62
      }
    ],
    "sources": [
      {
        "name": "aws/us-east-1",
        "kind": "domain",
        "faults_per_year": 1.2,
        "fault_length_mean_seconds": 5400.0
      }
    ],
    "promises": [],
    "expectations": [
      {
        "text": "availability >= 99.9%",
        "unit": "share",
        "target": 0.999,
        "measured": {
          "value": 0.99953,
          "low": 0.99912,
          "high": 0.99984,
          "method": "gamma",
          "sample": 812
        },
        "verdict": "holds"
      }
    ],
    "worst_outage": null,
    "warnings": [
      "only 31 outages were seen: the intervals are rough"
    ]
  },
  "presets": [
    {
      "path": "health_checks.web.interval",
      "value": "10s",
      "preset": "route53",
      "source": "Amazon Route 53 Developer Guide, values that you specify when you create health checks"
    }
  ],
  "reproduce": {
    "command": "seawall run shop.yaml --seed 7 --replications 100",
    "version": "0.1.0",
    "inputs": "bb93131a",
    "fingerprint": "afc58160b5d0ef70"
  }
}

"#]]
    );
}

#[test]
fn a_fingerprint_tells_outcomes_apart() {
    let (outcome, mut other) = (sample::outcome(), sample::outcome());
    assert_eq!(super::fingerprint(&outcome), super::fingerprint(&other));
    other.scopes[0].lost += models::volume::Volume::from_nanos(1);
    assert_ne!(super::fingerprint(&outcome), super::fingerprint(&other));
}

#[test]
fn what_is_no_number_is_null() {
    let none =
        Estimate { value: f64::NAN, low: 0.0, high: f64::INFINITY, method: Method::NoSample, sample: 0 };
    let json = serde_json::to_value(super::EstimateJson::from(none)).expect("it serializes");
    assert_eq!([&json["value"], &json["low"], &json["high"]], [&Value::Null; 3]);
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn every_key_is_documented() {
    let outcome = sample::outcome();
    let (specification, reproduce) = (sample::specification(), sample::reproduce(&outcome));
    let told = crate::story::tell(&specification, &outcome.sources, &sample::story());
    let texts = [
        super::run(&specification, &outcome, &reproduce),
        super::drill("shop", &sample::drills(), &reproduce),
        super::check(&[("shop.yaml".to_owned(), &outcome)]),
        crate::story::json(&told, &reproduce),
    ];
    let mut used = BTreeSet::new();
    for text in texts {
        keys(&serde_json::from_str(&text).expect("it is JSON"), &mut used);
    }
    let manual = include_str!("../../../docs/OUTPUT.md");
    let missing: Vec<&String> = used.iter().filter(|key| !manual.contains(&format!("`{key}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new(), "docs/OUTPUT.md does not say what these keys mean");
}

#[test]
fn every_csv_column_is_documented() {
    let (outcome, specification) = (sample::outcome(), sample::specification());
    let mut files = crate::csv::run(&outcome);
    files.push(("drill.csv", crate::csv::drill(&sample::drills())));
    files.push(("timeline.csv", crate::csv::timeline(&specification, &sample::story())));
    files.push(("losses.csv", crate::csv::losses(&specification, &sample::story())));
    files.push(("consistency-timeline.csv", crate::csv::clients(&specification, &[])));
    let manual = include_str!("../../../docs/OUTPUT.md");
    for (name, text) in files {
        let head = text.lines().next().expect("a CSV has a header");
        for column in head.split(',') {
            assert!(manual.contains(&format!("`{column}`")), "{name}: `{column}` is not in docs/OUTPUT.md");
        }
    }
}
