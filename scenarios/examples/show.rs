fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap();
    let overrides: Vec<_> = args.map(|a| scenarios::Override::parse(&a).unwrap()).collect();
    let bytes = std::fs::read(&path).unwrap();
    match scenarios::load_bytes(&path, &bytes, &overrides) {
        Ok(l) => { print!("{}", l.resolved); eprint!("{}", l.warnings.render(false)); eprintln!("{:#?}", l.specification.delays); }
        Err(p) => { print!("{}", p.render(false)); }
    }
}
