use crate::sample;
use crate::table::{WIDTH, chars};
use models::outcome::{Estimate, Outcome};
use models::specification::Specification;
use snapbox::{assert_data_eq, str};

fn text(specification: &Specification, outcome: &Outcome) -> String {
    super::run(specification, outcome, &sample::reproduce(outcome)).text(false)
}

#[test]
fn the_first_lines_say_what_a_person_wants_to_know() {
    assert_data_eq!(
        text(&sample::specification(), &sample::outcome()),
        str![[r#"
shop
  Is one region enough?
  100 replications of 1 year, seed 7; 95 % intervals in brackets

  Availability  99.953 % [99.91, 99.98] of requests served: 3.3 nines [3.1, 3.8]
  Downtime      4.1 h [2, 8] a year not up
  Outages       2.31 [2.1, 2.5] a year; up again after 3.33 min [3.0, 4.0] (median)
  Worst outage  6 h 12 min, 12.3 million requests lost (replication 12, day 200 04:00:00)
  Causes        aws/us-east-1 50.0 % [35, 65]
                carrier/lumen 33.3 % [23, 43]
                shock/shared-upstream 16.7 % [12, 22]

Who is served (recovery: from the fault that began an outage to its end, median and p95)
  scope           availability             nines  h not up  outages a year  recovery, min   p95
  everything      99.953 % [99.91, 99.98]    3.3      4.10            2.31           3.33  20.0
  entry www       99.953 % [99.91, 99.98]    3.3      4.10            2.31           3.33  20.0
  clients europe  99.953 % [99.91, 99.98]    3.3      4.10            2.31           3.33  20.0

Sites (failed: of the requests that came, by errors or for want of capacity)
                                                                                             flips a
  site      reachable                failed  mean rps  peak rps  capacity  peak/capacity        year
  virginia  99.910 % [99.89, 99.93]   1.2 %      1000      2000      1500          133 %         4.6
  dublin    99.910 % [99.89, 99.93]   1.2 %      1000      1200      1500           80 %         4.6

Requests lost, by mechanism
  mechanism    lost a year, thousand   share  meaning
  undetected                     150  50.0 %  DNS still answered the dead site
  stale route                    100  33.3 %  the answer had changed, a cache had not
  overload                      50.0  16.7 %  the site was full
  all                            300   100 %

Requests lost, by the fault at the root
  root                   share            lost a year, thousand  faults a year  mean fault
  aws/us-east-1          50.0 % [35, 65]                    150            1.2  1 h 30 min
  carrier/lumen          33.3 % [23, 43]                    100            1.2  1 h 30 min
  shock/shared-upstream  16.7 % [12, 22]                   50.0            1.2  1 h 30 min

Time not up, by fault
  root            share  charged, min a year  alone  in outages it began
  aws/us-east-1  88.2 %                 54.0   48.0                 57.0
  carrier/lumen  11.8 %                 7.20   5.40                 6.60

Expectations
  expectation                    measured                 verdict
  availability >= 99.9%          99.953 % [99.91, 99.98]  holds
  availability >= 99.99%         99.953 % [99.91, 99.98]  fails
  availability >= 99.95%         99.953 % [99.91, 99.98]  undecided (try 32 768 replications)
  availability[europe] >= 99.9%  no sample                undecided

Promises
  to          promised  probability of missing it in 1 year
  everything   99.95 %  23.0 % [16, 32]

Presets in force (all values: seawall validate --resolved)
  route53
    web: interval 10s
    source: Amazon Route 53 Developer Guide, values that you specify when you create health checks

Warnings
  - only 31 outages were seen: the intervals are rough

reproduce: seawall run shop.yaml --seed 7 --replications 100    version 0.1.0  inputs bb93131a  fingerprint d0ec3add793bf425

"#]]
    );
}

#[test]
fn silence_is_told_as_a_bound() {
    assert_data_eq!(
        text(&Specification::default(), &sample::quiet()),
        str![[r#"
shop
  Is one region enough?
  100 replications of 1 year, seed 7; 95 % intervals in brackets

  Availability  at least 99.9963 % of requests served: at least 4.4 nines
  Downtime      at most 20 min a year not up
  Outages       at most 0.037 a year
  Worst outage  none seen
  Causes        none: nothing was lost

Who is served (recovery: from the fault that began an outage to its end, median and p95)
  scope       availability         nines   s not up  outages a year  recovery, s  p95
  everything  at least 99.9963 %  >= 4.4  none seen       none seen            -    -

Sites (failed: of the requests that came, by errors or for want of capacity)
                                                                                             flips a
  site      reachable                failed  mean rps  peak rps  capacity  peak/capacity        year
  virginia  99.910 % [99.89, 99.93]   1.2 %      1000      2000      1500          133 %         4.6
  dublin    99.910 % [99.89, 99.93]   1.2 %      1000      1200      1500           80 %         4.6

Expectations
  expectation                    measured                 verdict
  availability >= 99.9%          99.953 % [99.91, 99.98]  holds
  availability >= 99.99%         99.953 % [99.91, 99.98]  fails
  availability >= 99.95%         99.953 % [99.91, 99.98]  undecided (try 32 768 replications)
  availability[europe] >= 99.9%  no sample                undecided

Promises
  to          promised  probability of missing it in 1 year
  everything   99.95 %  23.0 % [16, 32]

Warnings
  - only 31 outages were seen: the intervals are rough

reproduce: seawall run shop.yaml --seed 7 --replications 100    version 0.1.0  inputs bb93131a  fingerprint 40ce90f2fcdc5bef

"#]]
    );
}

/// The outcome of a scripted run of one replication, 30 days long.
fn exact() -> Outcome {
    let mut outcome = sample::outcome();
    outcome.horizon = sim::Span::DAY * 30;
    outcome.replications = 1;
    for scope in &mut outcome.scopes {
        for estimate in [&mut scope.availability, &mut scope.time_up, &mut scope.downtime, &mut scope.outages]
        {
            *estimate = Estimate::exact(estimate.value);
        }
        for cause in &mut scope.causes {
            cause.share = Estimate::exact(cause.share.value);
        }
    }
    outcome.warnings.clear();
    outcome.promises.clear();
    outcome.expectations.clear();
    outcome
}

#[test]
fn an_exact_outcome_says_so_and_is_not_extrapolated_to_a_year() {
    let text = text(&Specification::default(), &exact());
    assert_data_eq!(
        text.lines().take(9).collect::<Vec<_>>().join("\n"),
        str![[r#"
shop
  Is one region enough?
  1 replication of 30 days, seed 7; nothing random: exact

  Availability  99.953 % exactly of requests served: 3.3 nines
  Downtime      4.1 h exactly in 30 days not up
  Outages       2.31 exactly in 30 days; up again after 3.33 min [3.0, 4.0] (median)
  Worst outage  6 h 12 min, 12.3 million requests lost (day 200 04:00:00)
  Causes        aws/us-east-1 50 %; carrier/lumen 33 %; shock/shared-upstream 17 %
"#]]
    );
}

#[test]
fn what_was_forced_into_a_run_is_said_and_counted_by_the_run() {
    let mut outcome = sample::outcome();
    assert!(!text(&Specification::default(), &outcome).contains("Forced"));
    outcome.sources[0].kind = "replay";
    outcome.sources[1].kind = "script";
    let text = text(&Specification::default(), &outcome);
    assert!(text.contains("Forced into each replication: one recorded incident and one scripted fault."));
    assert!(text.contains(" in 1 year not up"));
    assert!(!text.contains("a year"), "{text}");
}

#[test]
fn text_fits_a_hundred_columns_whatever_the_names() {
    let mut outcome = sample::outcome();
    let long =
        "a-very-long-name-indeed/with-a-region-of-many-letters/and-a-zone-of-even-more-letters-than-that";
    outcome.name = format!("{long} {long}");
    outcome.scopes.iter_mut().for_each(|scope| scope.name = long.to_owned());
    outcome.sites.iter_mut().for_each(|site| site.name = long.to_owned());
    outcome.sources.iter_mut().for_each(|source| source.name = long.to_owned());
    outcome.expectations.iter_mut().for_each(|judged| judged.text = long.to_owned());
    outcome.warnings.push(format!("{long} {long}"));
    let text = text(&sample::specification(), &outcome);
    let too_long = |line: &&str| chars(line) > WIDTH && !line.starts_with("reproduce: ");
    assert_eq!(text.lines().find(too_long), None);
}

#[test]
fn a_colour_never_carries_a_finding_alone() {
    let outcome = sample::outcome();
    let document = super::run(&sample::specification(), &outcome, &sample::reproduce(&outcome));
    let codes = ["\u{1b}[0m", "\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[32m", "\u{1b}[33m"];
    let plain = codes.iter().fold(document.text(true), |text, code| text.replace(code, ""));
    assert_eq!(plain, document.text(false));
}
