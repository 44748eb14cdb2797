//! The README is a test: its transcripts are run and compared. `TRYCMD=overwrite cargo test --test readme` writes the
//! answers anew.

const README: &str = include_str!("../README.md");
const FIRST: &str = include_str!("../docs/first.yaml");
const DATA: &str = include_str!("../docs/data.yaml");

#[test]
fn the_transcripts_in_the_readme_are_true() {
    trycmd::TestCases::new().case("README.md");
}

#[test]
fn the_readme_opens_with_the_scenario_that_its_transcripts_run() {
    assert_eq!(FIRST.lines().count(), 10, "it is called a scenario of ten lines");
    let shown = README.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(FIRST));
}

#[test]
fn what_the_readme_shows_of_the_stores_is_in_the_scenario_that_it_runs() {
    let shown = README.split("```yaml\nstores:\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = shown.expect("the stores are shown");
    let expect = shown.find("expect:").expect("and what is expected of them");
    let parts = [&shown[..expect], &shown[expect..]];
    assert!(parts.iter().all(|part| DATA.contains(part)), "{parts:?}");
}
