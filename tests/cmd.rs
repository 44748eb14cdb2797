//! The manual is the test: every transcript in `tests/cmd` is run and compared. `TRYCMD=overwrite` writes them anew.

#[test]
fn the_transcripts_in_the_manual_are_true() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
