//! Use cases and jobs over a real store, a clock that is moved by hand and a provider that says
//! what the script tells it.
#![cfg(test)]

mod access;
mod cabinet;
mod cards;
mod clarification;
mod deliveries;
mod refunds;
mod sales;
mod world;
