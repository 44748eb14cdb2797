//! Any bytes load or draw problems that can be shown; what loads, loads again from its resolved form.
//!
//! `cargo fuzz run load fuzz/corpus/load scenarios/library scenarios/tests/bad`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match scenarios::load_bytes("fuzz", bytes, &[]) {
        Ok(loaded) => {
            let again = scenarios::load("resolved", &loaded.resolved, &[]);
            assert!(again.is_ok(), "{}", loaded.resolved);
        }
        Err(problems) => {
            assert!(problems.errors() > 0);
            let _ = (problems.render(true), problems.render_short(), problems.json());
        }
    }
});
