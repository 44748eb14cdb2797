//! Benches; see the `benches/` folder.
