//! Outcomes as text, Markdown, JSON, CSV and SVG plots. It knows neither the files' syntax nor the engine: everything
//! here is a function from plain values to strings.

pub mod csv;
pub mod document;
pub mod drill;
mod frames;
pub mod html;
pub mod json;
pub mod number;
pub mod plots;
pub mod reproduce;
#[cfg(test)]
mod sample;
pub mod story;
pub mod summary;
pub mod table;
pub mod words;

pub use document::Document;
pub use reproduce::{Fingerprint, Inputs, Reproduce};
