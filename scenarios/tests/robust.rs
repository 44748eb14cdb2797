//! Whatever the bytes, the loader answers: no panic, and what loads survives being written out and read again.

use proptest::prelude::*;
use scenarios::{Loaded, Override, Problems, library, load, load_bytes};

/// Loads, renders everything there is to render, and holds a loaded scenario to its resolved form.
fn survives(bytes: &[u8], overrides: &[Override]) {
    match load_bytes("a.yaml", bytes, overrides) {
        Ok(loaded) => round_trip(&loaded),
        Err(problems) => rendered(&problems),
    }
}

fn rendered(problems: &Problems) {
    assert!(problems.errors() > 0);
    let text = problems.render(true) + &problems.render(false) + &problems.render_short();
    assert!(text.contains("error[E0"));
    assert_eq!(problems.json()["error_count"], problems.errors());
    let ordered = |a: &scenarios::Finding, b: &scenarios::Finding| {
        a.range.filename != b.range.filename || a.range.start.byte <= b.range.start.byte
    };
    assert!(problems.findings().windows(2).all(|pair| ordered(&pair[0], &pair[1])));
}

fn round_trip(loaded: &Loaded) {
    models::Design::new(loaded.specification.clone()).expect("what loads can be run");
    let again = load("resolved", &loaded.resolved, &[]);
    let again = again.unwrap_or_else(|problems| panic!("{}\n{}", loaded.resolved, problems.render(false)));
    let bare = |loaded: &Loaded| {
        let mut specification = loaded.specification.clone();
        specification.sources.clear();
        format!("{specification:#?}")
    };
    assert_eq!(bare(loaded), bare(&again), "{}", loaded.resolved);
}

/// Words that matter to the format, to be put where they do not belong.
const WORDS: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "1e9",
    "NaN",
    ".inf",
    "~",
    "null",
    "yes",
    "20:00",
    "all",
    "none",
    "random",
    "{}",
    "[]",
    "[",
    "}",
    "&a",
    "*a",
    "<<: *a",
    "- ",
    ": ",
    "#",
    "\"",
    "'",
    "|",
    ">",
    "%",
    "!!str",
    "---",
    "\t",
    "\r\n",
    "\u{feff}",
    "é",
    "100%",
    "101%",
    "0%",
    "1/0",
    "200y",
    "300y",
    "0s",
    "1ns",
    "4000 rps",
    "1 duty/slot",
    "aws/us-east-1",
    "virginia",
    "preset: route53",
    "outages: none",
    "effect: down",
    "mean: 1y",
    "law: weibull",
    "shape: 0.05",
    "sigma: 20",
    "p95: 1s",
    "median: 200y",
    "up: {median: 1ns, p95: 200y}",
    "beta: 10%",
    "needs: 1 of 3",
    "fraction: 35%",
    "replicas: []",
    "failover: never",
    "failover: {human: 1h}",
    "acknowledged_by: {replicas: 1}",
    "sees: [orders]",
    "at: [90, 180]",
];

#[derive(Clone, Debug)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, &'static str),
    Replace(usize, &'static str),
    Repeat(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let word = || proptest::sample::select(WORDS);
    prop_oneof![
        (any::<usize>(), 1_usize..30).prop_map(|(at, length)| Edit::Delete(at, length)),
        (any::<usize>(), word()).prop_map(|(at, word)| Edit::Insert(at, word)),
        (any::<usize>(), word()).prop_map(|(at, word)| Edit::Replace(at, word)),
        (any::<usize>(), 1_usize..60).prop_map(|(at, length)| Edit::Repeat(at, length)),
    ]
}

fn edited(mut text: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let length = text.len().max(1);
        match *edit {
            Edit::Delete(at, count) => {
                drop(text.drain(clip(at, length)..(clip(at, length) + count).min(text.len())))
            }
            Edit::Insert(at, word) => drop(text.splice(clip(at, length)..clip(at, length), word.bytes())),
            Edit::Replace(at, word) => {
                let (start, end) = token(&text, clip(at, length));
                drop(text.splice(start..end, word.bytes()));
            }
            Edit::Repeat(at, count) => {
                let piece: Vec<u8> =
                    text[clip(at, length)..(clip(at, length) + count).min(text.len())].to_vec();
                drop(text.splice(clip(at, length)..clip(at, length), piece));
            }
        }
    }
    text
}

fn clip(at: usize, length: usize) -> usize {
    at % length
}

/// The word around a position.
fn token(text: &[u8], at: usize) -> (usize, usize) {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"-%./ ".contains(byte);
    let start = text[..at].iter().rposition(|byte| !inside(byte)).map_or(0, |found| found + 1);
    let end = text[at..].iter().position(|byte| !inside(byte)).map_or(text.len(), |found| at + found);
    (start, end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_draw_problems(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes, &[]);
    }

    #[test]
    fn random_text_draws_problems(text in "[ -~\n\u{e9}]{0,300}") {
        survives(text.as_bytes(), &[]);
        survives(format!("scenario: 1\nname: x\n{text}").as_bytes(), &[]);
    }

    #[test]
    fn mutated_scenarios_load_or_draw_problems(which in 0_usize..4, edits in proptest::collection::vec(edit(), 1..4)) {
        survives(&edited(library()[which].text.into(), &edits), &[]);
    }

    #[test]
    fn any_override_is_applied_or_refused(
        which in 0_usize..4,
        path in proptest::sample::select(&["run", "run.horizon", "sites.*.capacity", "sites.*", "steering.www.ttl", "clients.*.daily", "providers.aws.outages.up",
            "expect", "expect.0", "replays.0.at", "script.*", "x.y.z", "domains.carrier.lumen.outages", "*", "*.*", "serving.all.up_at"][..]),
        value in proptest::sample::select(WORDS),
    ) {
        let change = Override { key: path.into(), value: value.into() };
        survives(library()[which].text.as_bytes(), &[change]);
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for file in library() {
        let plain = load("a", file.text, &[]).unwrap().specification;
        let dressed =
            load("a", &format!("\u{feff}{}", file.text.replace('\n', "\r\n")), &[]).unwrap().specification;
        assert_eq!(format!("{plain:?}"), format!("{dressed:?}"));
    }
}

#[test]
fn overrides_change_what_they_name_and_nothing_else() {
    let text = library().iter().find(|file| file.name == "three-region-web").unwrap().text;
    let plain = load("a", text, &[]).unwrap().specification;
    let set = |set: &str| {
        load("a", text, &[Override::parse(set).unwrap()])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
            .specification
    };
    let faster = set("sites.*.capacity=9000 rps");
    assert!(faster.sites.rows().iter().all(|site| site.capacity[0].rate == 9000.0));
    assert_eq!(format!("{:?}", faster.domains), format!("{:?}", plain.domains));
    // A key that the file does not write but its preset does.
    let sturdier = set("providers.aws.outages.up=40y");
    let aws = sturdier.domains.rows().iter().find(|domain| domain.path == "aws").unwrap();
    assert_eq!(
        aws.outages.as_ref().unwrap().up,
        sim::Law::Exponential { mean: sim::Span::YEAR.seconds() * 40.0 }
    );
    assert_eq!(set("run.seed=18446744073709551615").run.seed, sim::Seed(u64::MAX));
}

#[test]
fn deep_and_wide_files_are_answered_quickly() {
    let deep = format!("scenario: 1\nname: x\nsites: {}", "{a: ".repeat(5000));
    survives(deep.as_bytes(), &[]);
    let indented: String = (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth % 300))).collect();
    survives(indented.as_bytes(), &[]);
    survives("- ".repeat(400_000).as_bytes(), &[]);
    survives("a: &a [*a, *a]\n".as_bytes(), &[]);
    survives(&vec![b'#'; 1 << 20], &[]);
    let wide: String = (0..60_000).map(|key| format!("k{key}: 1\n")).collect();
    survives(wide.as_bytes(), &[]);
    let wide: String = (0..40_000).map(|key| format!("{{k{key}: 1}}, ")).collect();
    survives(format!("script: [{wide}]").as_bytes(), &[]);
}

#[test]
fn a_hundred_problems_are_shown_and_the_rest_is_counted() {
    let wrong: String = (0..150).map(|key| format!("key{key}: 1\n")).collect();
    let problems =
        load("a", &format!("scenario: 1\nname: x\nsites: {{a: {{capacity: 1 rps}}}}\n{wrong}"), &[])
            .unwrap_err();
    assert_eq!((problems.errors(), problems.findings().len()), (150, 100));
    assert!(problems.render(false).ends_with("... and 50 more problems\n"));
}
