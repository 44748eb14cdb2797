//! The manual of the format, from the same tables that check a file.

use crate::shape::{Field, Need, Record, Shape};
use crate::vocabulary::SCENARIO;

/// Every key of the scenario file with its value, default and meaning, as Markdown.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for record in SCENARIO.all_below() {
        text.push_str(&section(record));
    }
    text + EXPECTATIONS
}

const INTRODUCTION: &str = "\
# The scenario file

Made from the tables that check a file; `seawall schema` has the same for editors.

A scenario is one YAML document of at most 1 MiB.
Its first key is `scenario: 1`.
Names hold ASCII letters, digits and hyphens; `/` separates the parts of a path.
Keys at the top that begin with `x-` are ignored: a place for YAML anchors.

| quantity | examples |
| --- | --- |
| time | `250ms`, `30s`, `1h30m`, `90d`, `18mo`, `2y`; a year is 365 days, a month a twelfth of it; at most 200 years |
| time of day | `20h`, `7h30m` |
| share | `10%`, `99.95%`, `17/20` |
| rate | `4000 rps`, `2 per minute`, `10/s`, `1 duty/slot` (an Ethereum slot is 12 s), `1 per 100y` |
| distance | `500 km` |

Whole numbers may carry a noun: `3 of 5 sites`.
";

const EXPECTATIONS: &str = "
## Expectations

An expectation is a measure, a comparison (`>=`, `<=`, `>`, `<`) and a target.
A scope in brackets is an entry point or a population; without one everything is meant.

| measure | target | meaning |
| --- | --- | --- |
| `availability[scope]` | share | the share of requests served |
| `time_up[scope]` | share | the share of time in which the scope is up by its rule of `serving` |
| `time(served[scope] >= 95%)` | share | the share of time in which at least that share of requests is served |
| `downtime[scope]` | time, per year | time in which the scope is not up |
| `outages[scope]` | rate, such as `2 per year` | how often it goes down |
| `lost[scope]` | rate, such as `1000 per year` | requests lost |
| `lost_writes[store]` | rate, such as `10 per year` | acknowledged writes that a store loses; the only store where none is named |
| `writable[store]` | share | the share of time in which somebody may write it |
| `two_writers[store]` | time, per year | time in which two may |
| `missed_duties[store]`, `double_signs` | rate, such as `10 per year` | duties that nobody did, and that two did, of a singleton with `duties` |
| `stale_reads[store]`, `own_writes_missed`, `reads_going_back`, `out_of_order` (stores with one writer), `dropped_writes` (stores that many may write), `lost_updates` (with `updates`), `refused_operations`, `unknown_outcomes` | share, or such as `5 per million` | the share of the operations it can happen to, of a store with `sessions` |
| `p95(rto[scope])` | time | a percentile of the time from a fault to full service |
| `p95(outage[scope])` | time | a percentile of an outage's length |
| `drill(any KIND): served` | share | the least share served after the loss of any one domain of that kind |
";

fn section(record: &Record) -> String {
    let mut text = format!("\n## {}\n\n", heading(record));
    if record.fields.iter().any(|field| field.key == "preset") {
        text.push_str("A preset may supply what is required.\n\n");
    }
    text.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    let (later, now): (Vec<&Field>, Vec<&Field>) =
        record.fields.iter().partition(|field| field.need == Need::Later);
    now.iter().for_each(|field| text.push_str(&row(field)));
    if !later.is_empty() {
        let names: Vec<String> = later.iter().map(|field| format!("`{}`", field.key)).collect();
        text.push_str(&format!("\nNot yet in this version, and hence errors: {}.\n", names.join(", ")));
    }
    text
}

fn row(field: &Field) -> String {
    let default = match field.need {
        Need::Default(text) => format!("`{text}`"),
        Need::Required => "required".into(),
        Need::Optional | Need::Later => String::new(),
    };
    format!("| `{}` | {} | {default} | {} |\n", field.key, value(&field.shape), field.about)
}

/// A record's heading: `A law`, or `run`.
fn heading(record: &Record) -> String {
    let bare = record.what.replace('`', "");
    let mut letters = bare.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn link(record: &Record) -> String {
    let kept = heading(record).to_lowercase().replace(' ', "-").replace('\'', "");
    format!("[{}](#{kept})", record.what.replace('`', ""))
}

fn value(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".into(),
        Shape::Reference(what) => (*what).into(),
        Shape::Endpoint => crate::shape::ENDPOINT.into(),
        Shape::Duration(..) | Shape::SignedDuration => "time".into(),
        Shape::TimeOfDay => "time of day".into(),
        Shape::Share { .. } | Shape::Percent => "share".into(),
        Shape::Rate { .. } => "rate".into(),
        Shape::Count(_, u64::MAX) => "whole number".into(),
        Shape::Count(least, most) => format!("whole number, {least} to {most}"),
        Shape::Number(..) => "number".into(),
        Shape::Distance => "distance".into(),
        Shape::OutOf => "`k of n`".into(),
        Shape::Bool => "`true`, `false`".into(),
        Shape::Choice(words) => {
            let words = words.iter().filter(|word| !word.later);
            words.map(|word| format!("`{}`", word.word)).collect::<Vec<_>>().join(", ")
        }
        Shape::Expectation => "[expectation](#expectations)".into(),
        Shape::List(item, _) => format!("list of {}", value(item)),
        Shape::Map(what, inner) | Shape::Paths(what, inner) => format!("map from {what} to {}", value(inner)),
        Shape::Partial(inner) => value(inner),
        Shape::Record(record) => link(record),
        Shape::Either(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join(" or "),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_manual_is_current() {
        snapbox::assert_data_eq!(super::reference(), snapbox::file!["../../docs/FORMAT.md"].raw());
    }
}
