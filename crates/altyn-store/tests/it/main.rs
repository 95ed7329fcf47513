//! The contract of a store, on each engine.
#![cfg(test)]

mod postgres;
mod sqlite;
mod upgrade;
