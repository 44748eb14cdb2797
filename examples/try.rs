fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let overrides: Vec<scenarios::Override> =
        std::env::args().skip(2).map(|s| scenarios::Override::parse(&s).unwrap()).collect();
    let loaded = match scenarios::load(&path, &text, &overrides) {
        Ok(l) => l,
        Err(e) => {
            eprintln!("{}", e.render(false));
            std::process::exit(2)
        }
    };
    let t = std::time::Instant::now();
    let o = models::study::run(&loaded.specification, &models::study::Options { threads: Some(1) }, &|_| {})
        .unwrap();
    let el = t.elapsed().as_secs_f64();
    for s in &o.scopes {
        println!(
            "{:12} A {:?}\n   up {:?}\n   out/y {:?} mean len {:.1} rec p50 {:.1} p95 {:.1}",
            s.name,
            s.availability,
            s.time_up,
            s.outages,
            s.lengths.mean,
            s.recovery.p50.value,
            s.recovery.p95.value
        );
        for (m, v) in &s.by_mechanism {
            println!("      {:12} {:.1}", m.name(), v.requests());
        }
        for (m, v) in s.by_source.iter().take(8) {
            println!("        {:22} {:.1}", o.sources[m.0 as usize].name, v.requests());
        }
    }
    println!("faults per year: {:.1}", o.sources.iter().map(|s| s.faults).sum::<f64>());
    println!("worst {:?}", o.worst);
    for j in &o.expectations {
        println!("{} {:?} {}", j.text, j.measured, j.verdict);
    }
    for w in &o.warnings {
        println!("warning {w}");
    }
    println!(
        "{} replications in {el:.3} s: {:.0} years/s",
        o.replications,
        o.replications as f64 * o.horizon.seconds() / 31536000.0 / el
    );
}
