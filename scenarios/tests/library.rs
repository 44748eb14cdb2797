//! The shipped library loads.

use scenarios::load;

fn library() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/library");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_scenario_of_the_library_loads_without_a_warning() {
    for (name, text) in library() {
        match load(&name, &text, &[]) {
            Ok(loaded) => assert!(loaded.warnings.is_empty(), "{}", loaded.warnings.render(false)),
            Err(problems) => panic!("{}", problems.render(false)),
        }
    }
}

#[test]
fn a_resolved_scenario_loads_to_the_same_specification() {
    for (name, text) in library() {
        let first = load(&name, &text, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let again = load("resolved", &first.resolved, &[])
            .unwrap_or_else(|problems| panic!("{}\n{}", first.resolved, problems.render(false)));
        let (mut a, mut b) = (first.specification, again.specification);
        a.sources.clear();
        b.sources.clear();
        assert_eq!(format!("{a:#?}"), format!("{b:#?}"), "{name}");
    }
}
