//! The README is a test: its transcripts are run and compared. `TRYCMD=overwrite cargo test --test readme` writes the
//! answers anew.

const README: &str = include_str!("../README.md");
const FIRST: &str = include_str!("../docs/first.yaml");

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
