//! Stores that many may write: against closed forms, laws and a referee that handles one message after the other.

mod forms;
mod make;
