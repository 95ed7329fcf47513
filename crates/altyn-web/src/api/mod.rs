//! The HTTP faces that programs call, one module for each dialect.

pub mod ecommpay;
pub mod paykeeper;
