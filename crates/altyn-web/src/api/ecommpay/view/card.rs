//! Cards and 3-D Secure in the words of the ECommPay face (ecommpay.md §3.8, §4.2).

use altyn_domain::card::{CardBrand, CardFacts};
use altyn_domain::payment::{Authentication, AuthenticationStep, Operation, OperationState};

use super::{address, clean};
use crate::api::ecommpay::wire::{
    AccountView, AcsView, ChallengeParams, ChallengeView, FrameParams, FrameView, ThreeDs2View,
};

/// The payer's card, as far as it may be shown.
pub fn account(card: &CardFacts) -> AccountView {
    AccountView {
        number: card.mask.clone(),
        kind: card.brand.map(CardBrand::as_str),
        card_holder: card.holder.as_deref().map(clean),
        expiry_month: Some(format!("{:02}", card.expiry.month())),
        expiry_year: Some(card.expiry.year().to_string()),
    }
}

/// The payer's login at the bank.
pub fn login(login: &str) -> AccountView {
    AccountView {
        number: clean(login),
        kind: None,
        card_holder: None,
        expiry_month: None,
        expiry_year: None,
    }
}

/// What the payer's browser must do now; at most one of the two.
#[derive(Default)]
pub struct Steps {
    /// The first version of the protocol.
    pub acs: Option<AcsView>,
    /// The second.
    pub threeds2: Option<ThreeDs2View>,
}

/// The awaited step of 3-D Secure.
pub fn steps(operation: &Operation) -> Steps {
    let awaited = operation.state == OperationState::Authenticating;
    let Some(authentication) = operation.authentication.as_ref().filter(|_| awaited) else {
        return Steps::default();
    };
    let field = |name| authentication.field(name).unwrap_or_default().to_owned();
    let url = address(&authentication.url);
    let second =
        |iframe, redirect| Steps { acs: None, threeds2: Some(ThreeDs2View { iframe, redirect }) };
    match authentication.step {
        AuthenticationStep::Legacy => Steps {
            acs: Some(AcsView {
                acs_url: url,
                pa_req: field("PaReq"),
                md: field("MD"),
                term_url: address(&field("TermUrl")),
            }),
            threeds2: None,
        },
        AuthenticationStep::Fingerprint => {
            let data = field("threeDSMethodData");
            let params = FrameParams { older: data.clone(), method_data: data };
            second(Some(FrameView { url, params }), None)
        }
        AuthenticationStep::Challenge => {
            let params =
                ChallengeParams { creq: field("creq"), session_data: session(authentication) };
            second(None, Some(ChallengeView { url, params }))
        }
    }
}

fn session(authentication: &Authentication) -> Option<String> {
    authentication.field("threeDSSessionData").map(clean)
}
