//! A project: a merchant's configured point of acceptance.
//!
//! Its signing secret is not here: the domain never signs.

use crate::callback::{CallbackDialect, RetryPlan};
use crate::id::ProjectId;
use crate::method::{Method, MethodSetting};
use crate::payment::ReturnUrls;
use crate::time::{DAY_MS, Timestamp};

/// The settings of a project that rules depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its number, given to the merchant.
    pub id: ProjectId,
    /// Its name, shown to payers and operators.
    pub name: String,
    /// A test project moves no money, may use fewer currencies and has a clock that can be moved.
    pub test: bool,
    /// Where callbacks go when a request names no address of its own.
    pub callback_url: Option<String>,
    /// How callbacks are worded, and what counts as taking them.
    pub dialect: CallbackDialect,
    /// Who is told by e-mail of what was paid, when no address for callbacks is known.
    pub notify_email: Option<String>,
    /// Where payers return to when a request names nothing.
    pub return_urls: ReturnUrls,
    /// The methods it offers.
    pub methods: Vec<MethodSetting>,
    /// Hosts that payers may be sent back to and that may frame the Payment Page; empty: any that a
    /// signed link names (ruling 31).
    pub allowed_hosts: Vec<String>,
    /// Whom a payer turns to: an address, a number or a sentence, shown beside a failure.
    pub support: Option<String>,
    /// The Payment Page holds money first and it is captured later, where the method can and the
    /// link does not say otherwise (seed 000, «авторизация + списание»).
    pub two_stage: bool,
    /// How long after a hold it is captured if nobody captured or released it before,
    /// milliseconds; shorter than banks hold.
    pub capture_after_ms: i64,
    /// When a callback that was not accepted is tried again.
    pub retry_plan: RetryPlan,
    /// How far a test project's clock is ahead of the real one, milliseconds, never negative.
    pub clock_offset_ms: i64,
}

/// Banks hold for a week; a day is left for what may delay us.
pub const CAPTURE_AFTER_MS: i64 = 6 * DAY_MS;

impl Project {
    /// How this project uses `method`, if it does.
    pub fn method(&self, method: Method) -> Option<&MethodSetting> {
        self.methods.iter().find(|setting| setting.method == method)
    }

    /// What time it is for this project's payments.
    pub fn now(&self, real: Timestamp) -> Timestamp {
        if self.test { real.plus_millis(self.clock_offset_ms) } else { real }
    }
}
