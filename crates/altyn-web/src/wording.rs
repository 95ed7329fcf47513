//! The port [`Dialect`]: each project's merchant is told in the words he expects, and his answer is
//! understood in the words he was told in.

use altyn_app::callback::{Callback, Wording};
use altyn_app::ports::Dialect;
use altyn_app::ports::delivery::SendReport;
use altyn_app::ports::provider::ProviderAccount;
use altyn_app::projects::ProjectEntry;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use altyn_domain::time::Timestamp;

use crate::api::ecommpay::dialect;
use crate::api::paykeeper::notification;

mod letter;

/// Words callbacks and letters.
#[derive(Clone, Debug)]
pub struct Wordings {
    public_url: String,
}

impl Wordings {
    /// `public_url` is where the outside reaches this server.
    pub fn new(public_url: &str) -> Self {
        Self { public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

impl Dialect for Wordings {
    fn callback_body(
        &self,
        project: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        account: Option<&ProviderAccount>,
    ) -> Vec<u8> {
        match project.project.dialect {
            CallbackDialect::Ecommpay => dialect::callback(project, record, operation, account),
            CallbackDialect::Paykeeper => {
                notification::body(project, record, operation, (account, &self.public_url))
            }
        }
    }

    fn letter(&self, project: &ProjectEntry, record: &Record, operation: OperationId) -> Vec<u8> {
        letter::body(&project.project, record, operation, &self.public_url)
    }

    fn accepts(
        &self,
        project: &ProjectEntry,
        callback: &Callback,
        report: &SendReport,
        now: Timestamp,
    ) -> bool {
        match callback.wording() {
            Wording::Json => dialect::is_taken(report),
            Wording::Form => notification::is_taken(project, &callback.body, report, now),
            Wording::Letter(_) => letter::is_taken(report),
        }
    }
}
