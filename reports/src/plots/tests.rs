use crate::sample;

fn all() -> Vec<(&'static str, String)> {
    let outcome = sample::outcome();
    let mut files = super::run(&outcome);
    files.push(("worst-outage.svg", super::outage(&sample::specification(), &outcome, &sample::story())));
    files
}

#[test]
fn the_same_outcome_gives_the_same_bytes() {
    assert_eq!(all(), all());
}

#[test]
fn every_plot_has_its_size_as_shown_and_is_drawn_four_times_as_large() {
    for (name, svg) in all() {
        assert!(svg.starts_with("<svg width=\"900\" "), "{name}: {}", &svg[..80]);
        assert!(svg.contains("viewBox=\"0 0 3600 "), "{name}");
    }
}

#[test]
fn what_a_colour_says_is_said_in_words_too() {
    let svg = all().into_iter().find(|(name, _)| *name == "worst-outage.svg").expect("it was drawn").1;
    for word in ["virginia", "dublin", "undetected", "stale route", "overload"] {
        assert!(svg.contains(word), "{word} is not in the legend");
    }
}

#[test]
fn an_outcome_without_losses_has_no_plot_of_blame() {
    let names: Vec<&str> = super::run(&sample::quiet()).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["downtime.svg", "load.svg"]);
}
