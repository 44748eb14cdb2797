//! Stores that many may write: against closed forms, laws and a referee that handles one message after the other.

mod agreement;
mod claims;
mod forms;
mod laws;
mod make;
mod random;
mod referee;
mod verdicts;
