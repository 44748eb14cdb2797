//! Theory beside simulation: every row of `docs/VALIDATION.md` is computed here, checked, and printed on that page.
//!
//! `SEAWALL_BLESS=1 cargo test --test validation` rewrites the page.

mod availability;
mod capacity;
mod data;
mod detection;
mod failover;
mod many_writers;
mod nesting;
mod page;
mod partial_quorums;
mod redundancy;
mod silence;
mod single_operations;
mod theory;

use page::Table;
use std::sync::LazyLock;

/// The tables of the page, each computed once, by whichever test asks first.
static TABLES: [LazyLock<Table>; 11] = [
    LazyLock::new(availability::table),
    LazyLock::new(redundancy::table),
    LazyLock::new(nesting::table),
    LazyLock::new(capacity::table),
    LazyLock::new(detection::table),
    LazyLock::new(failover::table),
    LazyLock::new(silence::table),
    LazyLock::new(data::table),
    LazyLock::new(partial_quorums::table),
    LazyLock::new(single_operations::table),
    LazyLock::new(many_writers::table),
];

#[test]
fn two_states_alternate_as_renewal_theory_says() {
    TABLES[0].check();
}

#[test]
fn redundant_sites_fall_together_as_markov_chains_say() {
    TABLES[1].check();
}

#[test]
fn nested_domains_age_as_their_clocks_say() {
    TABLES[2].check();
}

#[test]
fn overload_is_the_demand_beyond_the_capacity_and_is_blamed_on_what_removed_it() {
    TABLES[3].check();
}

#[test]
fn a_quorum_of_phased_checkers_turns_at_the_order_statistic() {
    TABLES[4].check();
}

#[test]
fn a_dns_failover_loses_its_integral() {
    TABLES[5].check();
}

#[test]
fn silent_name_servers_lose_what_expires() {
    TABLES[6].check();
}

#[test]
fn a_store_loses_what_its_next_writer_lacks() {
    TABLES[7].check();
}

#[test]
fn partial_quorums_are_as_consistent_as_published() {
    TABLES[8].check();
}

#[test]
fn single_reads_of_lagging_replicas_see_what_theory_says() {
    TABLES[9].check();
}

#[test]
fn the_last_writer_drops_what_theory_says() {
    TABLES[10].check();
}

/// Where the page is.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/VALIDATION.md");

#[test]
fn the_page_is_current() {
    let page = page();
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).expect("the page is there");
    let first = written.lines().zip(page.lines()).find(|(written, page)| written != page);
    assert!(
        written == page,
        "docs/VALIDATION.md is out of date; run `SEAWALL_BLESS=1 cargo test --test validation`\nfirst: {first:#?}"
    );
}

fn page() -> String {
    let rows: usize = TABLES.iter().map(|table| table.len()).sum();
    let head = include_str!("introduction.md").replace("{rows}", &rows.to_string());
    let mut page = head.replace("{confidence}", page::CONFIDENCE);
    for table in &TABLES {
        page.push('\n');
        page.push_str(&table.markdown());
    }
    page
}
