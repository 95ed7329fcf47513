//! A step of 3-D Secure as the form that the payer's browser must send.
//!
//! Guaranteed: a browser is sent to `http` and `https` only; a challenge names its transaction,
//! since its answer could not be told from another payment's otherwise. Source: providers.md §4.3.

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome};
use altyn_domain::payment::{Authentication, AuthenticationStep, ProviderFacts};
use data_encoding::BASE64URL_NOPAD;

use crate::rbs::client::is_web;
use crate::rbs::wire;

/// Where a payment stands at the gateway, and where the issuer is to send the browser.
pub(super) struct Place<'a> {
    pub(super) md_order: &'a str,
    pub(super) transaction: Option<String>,
    pub(super) finish_url: Option<&'a str>,
}

impl Place<'_> {
    /// The hidden frame in which the issuer looks at the browser.
    pub(super) fn fingerprint(&self, url: String, data: String) -> ProviderOutcome {
        let fields = vec![("threeDSMethodData".to_owned(), data)];
        self.authenticate(AuthenticationStep::Fingerprint, url, fields, self.transaction.clone())
    }

    /// The issuer's page for the payer. A transaction that is not named is that of the step before.
    pub(super) fn challenge(
        &self,
        call: &ProviderCall,
        (acs_url, creq): (String, String),
        transaction: Option<String>,
    ) -> ProviderOutcome {
        let Some(transaction) = transaction.or_else(|| self.transaction.clone()) else {
            return ProviderOutcome::Unknown("the challenge names no transaction".to_owned());
        };
        let session = BASE64URL_NOPAD.encode(call.order_number.as_bytes());
        let fields = vec![("creq".to_owned(), creq), ("threeDSSessionData".to_owned(), session)];
        self.authenticate(AuthenticationStep::Challenge, acs_url, fields, Some(transaction))
    }

    /// The same by the first version. Its answer finds the order by `MD`.
    pub(super) fn legacy(
        &self,
        (acs_url, pa_req): (String, String),
        term_url: Option<String>,
    ) -> ProviderOutcome {
        let Some(term_url) = self.finish_url.map(str::to_owned).or(term_url) else {
            return ProviderOutcome::Unknown(
                "the issuer has no address to send the browser to".to_owned(),
            );
        };
        let fields = vec![
            ("PaReq".to_owned(), pa_req),
            ("MD".to_owned(), self.md_order.to_owned()),
            ("TermUrl".to_owned(), term_url),
        ];
        self.authenticate(AuthenticationStep::Legacy, acs_url, fields, None)
    }

    fn authenticate(
        &self,
        step: AuthenticationStep,
        url: String,
        fields: Vec<(String, String)>,
        transaction: Option<String>,
    ) -> ProviderOutcome {
        if !is_web(&url) {
            return ProviderOutcome::Unknown(
                "the issuer's address is none for a browser".to_owned(),
            );
        }
        let payment_id = Some(wire::payment_id_of(self.md_order));
        let facts = ProviderFacts { payment_id, ..Default::default() };
        ProviderOutcome::Authenticate(Authentication { step, url, fields, transaction }, facts)
    }
}
