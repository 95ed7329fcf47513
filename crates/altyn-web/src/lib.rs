//! The faces: Gate, provider notifications, the contract page.

pub mod api;
