//! The emulators over real sockets, checked against raw bytes and vectors of the protocol text.
#![cfg(test)]

mod bank;
mod card;
mod control;
mod faults;
mod ipay;
mod rbs;
mod support;
mod three_ds;
