//! Stores with one writer at a time: against outside checkers, laws, a naive recount and closed forms.

mod example;
mod forms;
mod laws;
mod linearizability;
mod operation;
mod orders;
mod random;
