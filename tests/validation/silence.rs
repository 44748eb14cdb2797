//! Name servers that do not answer.

use crate::page::Table;
use crate::theory::HOUR;
use models::blame::Mechanism::NoRoute;

pub(crate) fn table() -> Table {
    let mut table = Table::new(
        'G',
        "Silent name servers",
        "While the authority is silent, the share of resolvers without an answer grows linearly over a TTL T; all expired \
         ones ask at once when it is back. An outage of length L ≤ T loses demand × L²/(2T), a longer one \
         demand × (L - T/2). Resolvers that serve stale for S begin to lose S later. After an outage longer than T all \
         resolvers share one phase, so that a later change reaches them in one jump.",
    );
    alone(&mut table);
    seldom(&mut table);
    with_a_death(&mut table, 30);
    with_a_death(&mut table, 45);
    in_one_phase(&mut table);
    table
}

fn scenario(dns: &str, script: &str) -> String {
    format!(
        "scenario: 1
name: silent name servers
run: {{horizon: 8h}}
domains: {{dns: {{operator: {{effect: dns}}}}}}
sites: {{primary: {{capacity: 5000 rps}}, standby: {{capacity: 5000 rps}}}}
clients: {{all: {{anywhere: true, uses: www, demand: 1000 rps}}}}
health_checks: {{web: {{interval: 10s, timeout: 2s, failures: 2, successes: 2, phase: [4s]}}}}
steering:
  www: {{policy: failover, ttl: 60s, operator: dns/operator, health_check: web, sites: [primary, standby]{dns}}}
script: [{script}]"
    )
}

fn alone(table: &mut Table) {
    let short = "{at: 1h, fail: dns/operator, for: 40s}";
    let long = "{at: 1h, fail: dns/operator, for: 10m}";
    for (what, dns, script, seconds, formula) in [
        ("40 s, T = 60 s", "", short, 40.0 * 40.0 / 120.0, "L²/(2T)"),
        ("10 min, T = 60 s", "", long, 600.0 - 30.0, "L - T/2"),
        ("10 min, stale for 5 min", ", serve_stale: 5m", long, 600.0 - 300.0 - 30.0, "L - S - T/2"),
        ("10 min, stale for 9.5 min", ", serve_stale: 570s", long, 30.0 * 30.0 / 120.0, "(L - S)²/(2T)"),
        ("10 min, stale for an hour", ", serve_stale: 1h", long, 0.0, "S > L: nothing"),
    ] {
        let case = table.case(&scenario(dns, script));
        let lost = case.lost_to("www", NoRoute).times(1e-3);
        table.row(&case, format!("{what}: thousand requests lost"), seconds, lost, formula);
    }
}

fn seldom(table: &mut Table) {
    let text = scenario("", "{at: 1h, fail: dns/operator, for: 40s}");
    let few = "demand: 1000 rps, cohorts: {only: {share: 100%, queries: 2 per minute}}";
    let case = table.case(&text.replace("demand: 1000 rps", few));
    let afresh = 1.0 / 3.0;
    let seconds = afresh * 40.0 + (1.0 - afresh) * 40.0 * 40.0 / 120.0;
    let formula = "p L + (1 - p) L²/(2T), p = 1/(1 + qT), qT = 2";
    table.row(
        &case,
        "40 s, few queries: thousand requests lost",
        seconds,
        case.lost("www").times(1e-3),
        formula,
    );
}

/// The primary dies at the moment its name servers fall silent for `silence` seconds; the check sees it after 16 s.
fn with_a_death(table: &mut Table, silence: u32) {
    let script =
        format!("{{at: 1h, fail: dns/operator, for: {silence}s}}, {{at: 1h, fail: primary, for: 1h}}");
    let case = table.case(&scenario("", &script));
    let (silence, ttl) = (f64::from(silence), 60.0);
    let seconds = silence + (1.0 - silence / ttl) * (ttl - silence) / 2.0;
    let formula = "L + (1 - L/T)(T - L)/2: all until L, then those whose answers had not expired";
    let what = format!("primary dies too, silence of {silence} s: thousand requests lost");
    table.row(&case, what, seconds, case.lost("www").times(1e-3), formula);
}

fn in_one_phase(table: &mut Table) {
    // Back at 4,200 s; the primary dies at 5,000 s, is seen at 5,004 + 10 + 2 s, and all resolvers ask at 4,200 + 60 k.
    let script = "{at: 1h, fail: dns/operator, for: 10m}, {at: 5000s, fail: primary, for: 1h}";
    let case = table.case(&scenario("", script));
    let (back, dies, seen): (f64, f64, f64) = (HOUR + 600.0, 5000.0, 5016.0);
    let jump = back + 60.0 * ((seen - back) / 60.0).ceil();
    let formula = "first multiple of T after the recovery at which the answer has changed, less the death";
    table.row(
        &case,
        "a death after a silence: thousand requests lost",
        jump - dies,
        case.charged_to("script 2").times(1e-3),
        formula,
    );
}
