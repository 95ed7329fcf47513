//! What people do in the cabinet: the same use cases as the Gate's, behind their rights and under
//! their names.
//!
//! Guaranteed: nothing is done that the user has no right to in that project; what is done, and
//! what was refused, is in the audit log; a button pressed twice acts once.

mod act;
mod cart;
mod offers;
mod registers;
mod settings;

use std::sync::Arc;

use crate::context::Context;
use crate::ports::{AccessStore, ExportStore, Listing, Passwords, Randomness};

pub use act::{
    ActionError, CaptureForm, REASON_MAX_CHARS, RefundForm, RefundPosition, SettleForm, ask_again,
    capture, refund, resend, resend_all, settle, void,
};
pub use cart::{Cart, CartPosition, cart_left, cart_of};
pub use offers::{Offers, REFUND_ALARM_MS, offers, offers_now};
pub use registers::{ExportRefused, RegisterRequest, ask_for_register, fetch_register};
pub use settings::{
    NewSecret, ProjectForm, SettingsError, changes, move_clock, rotate_secret, save_project,
};

/// Everything the cabinet is given.
#[derive(Clone)]
pub struct Cabinet {
    /// The ports of payments.
    pub context: Context,
    /// Users, sessions, the audit log.
    pub access: Arc<dyn AccessStore>,
    /// The list of payments and their histories.
    pub listing: Arc<dyn Listing>,
    /// Registers.
    pub exports: Arc<dyn ExportStore>,
    /// Passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Randomness for cookies, passwords and codes.
    pub randomness: Arc<dyn Randomness>,
    /// Told when a register is to be made.
    pub on_export: Arc<dyn Fn() + Send + Sync>,
}
