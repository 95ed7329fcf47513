//! The merchant cabinet as people meet it: its doors, signing in, money, the list, registers, the
//! audit log.

mod audit;
mod doors;
mod list;
mod money;
mod registers;
pub mod sign_in;
