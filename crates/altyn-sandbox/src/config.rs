//! What a sandbox is started with, and why starting can fail.

use std::path::PathBuf;

/// The whole configuration: one gateway with its merchants, one partner with its vendors.
#[derive(Clone, Debug)]
pub struct Config {
    /// Base address the payer's browser uses, without a trailing slash; `formUrl` and `redirect`
    /// are built on it.
    pub public_url: String,
    /// Merchants of the RBS gateway (providers.md §1.1).
    pub rbs_merchants: Vec<RbsMerchant>,
    /// Vendors of iPay (providers.md §2.1).
    pub ipay_vendors: Vec<IpayVendor>,
    /// The payer presses by itself right after `paymentotherway.do` was answered, by the amount
    /// rule; for load and crash tests.
    pub auto_press: bool,
    /// JSON file the state survives a restart in; absent means memory only.
    pub state_file: Option<PathBuf>,
}

/// A merchant of the RBS gateway.
#[derive(Clone, Debug)]
pub struct RbsMerchant {
    /// Name in the address of the payment page and as the payee; unique.
    pub name: String,
    /// `userName` of API calls, up to 100 characters.
    pub user_name: String,
    /// `password` of API calls.
    pub password: String,
    /// `token`, accepted in place of both.
    pub token: Option<String>,
    /// HMAC-SHA256 key of the signed notification (providers.md §1.11).
    pub callback_key: String,
    /// Where notifications go when the order names no `dynamicCallbackUrl`.
    pub callback_url: Option<String>,
}

/// A vendor of iPay.
#[derive(Clone, Debug)]
pub struct IpayVendor {
    /// Vendor id, lower case, up to 12 characters.
    pub vid: String,
    /// Hashing key: HMAC-SHA1 of the form, HMAC-SHA256 of the REST calls.
    pub key: String,
    /// Where the outcome of an asynchronous refund is told (**chosen** extension).
    pub refund_notify_url: Option<String>,
}

/// Why a sandbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The state file exists and cannot be read.
    #[error("cannot read the sandbox state file {path}: {source}")]
    StateRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The state file is not ours, or of another version; removing it starts afresh.
    #[error("the sandbox state file {path} is not understood: {source}; remove it to start afresh")]
    StateParse {
        /// The file.
        path: PathBuf,
        /// Where the reading stopped.
        source: serde_json::Error,
    },
    /// The system gives no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(String),
    /// Two merchants or two vendors have one name.
    #[error("two merchants or vendors share the name {0}")]
    DuplicateName(String),
}
