//! What 3-D Secure knows of an order, and the messages that travel through the payer's browser
//! (providers.md §4.3).
//!
//! Guarantee: what a browser carries is only a reference. The result is what the issuer's page
//! wrote down here; a message of another order, of an earlier attempt, or altered on its way finds
//! nothing. **Chosen**: PaReq and PaRes hold JSON, which is as opaque to a merchant as their XML.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::card::{Check, TransStatus};
use crate::runtime::Sandbox;

/// Version of the messages.
pub(crate) const VERSION: &str = "2.1.0";

/// Authentication of one attempt to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ThreeDs {
    /// How this card is checked.
    pub(crate) check: Check,
    /// `threeDSServerTransID`, or the transaction id inside PaReq.
    pub(crate) trans_id: String,
    /// `acsTransID`.
    pub(crate) acs_id: String,
    /// Where the browser brings `cres`, if not to the gateway.
    pub(crate) finish_url: Option<String>,
    /// The issuer was asked, after the device was looked at (ARes came).
    pub(crate) asked: bool,
    /// What came of it.
    pub(crate) result: Option<TransStatus>,
    /// The PaRes given out; no other one counts.
    pub(crate) pa_res: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MethodData {
    #[serde(rename = "threeDSServerTransID")]
    trans_id: String,
    #[serde(rename = "threeDSMethodNotificationURL", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<String>,
}

/// The question (CReq) and its answer (CRes), fields in the order of the protocol's vector.
#[derive(Serialize, Deserialize)]
struct Message {
    #[serde(rename = "threeDSServerTransID")]
    trans_id: String,
    #[serde(rename = "acsTransID")]
    acs_id: String,
    #[serde(rename = "messageType")]
    kind: String,
    #[serde(rename = "messageVersion")]
    version: String,
    #[serde(rename = "challengeWindowSize", default, skip_serializing_if = "Option::is_none")]
    window: Option<String>,
    #[serde(rename = "transStatus", default, skip_serializing_if = "Option::is_none")]
    status: Option<TransStatus>,
}

#[derive(Serialize, Deserialize)]
struct OldMessage {
    xid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<TransStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<String>,
}

fn pack<T: Serialize>(message: &T) -> String {
    BASE64URL_NOPAD.encode(&serde_json::to_vec(message).unwrap_or_default())
}

/// Padding is not sent by the book, but some senders add it.
fn unpack<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = BASE64URL_NOPAD.decode(text.trim().trim_end_matches('=').as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// `threeDSMethodData` that sends the frame back to `notify`.
pub(crate) fn method_data(trans_id: &str, notify: String) -> String {
    pack(&MethodData { trans_id: trans_id.to_owned(), notify: Some(notify) })
}

/// Reads `threeDSMethodData`: where to answer, and the answer.
pub(crate) fn method_answer(text: &str) -> Option<(String, String)> {
    let data: MethodData = unpack(text)?;
    let answer = pack(&MethodData { trans_id: data.trans_id, notify: None });
    Some((data.notify?, answer))
}

/// The transaction of a CReq or a CRes, if it is whole: server's id, issuer's id.
pub(crate) fn read_message(text: &str, kind: &str) -> Option<(String, String)> {
    let message: Message = unpack(text)?;
    (message.kind == kind).then_some((message.trans_id, message.acs_id))
}

/// The transaction of a PaReq.
pub(crate) fn read_pa_req(text: &str) -> Option<String> {
    // A plus sign that a form did not escape arrives as a space.
    let bytes = BASE64.decode(text.trim().replace(' ', "+").as_bytes()).ok()?;
    serde_json::from_slice::<OldMessage>(&bytes).ok().map(|m| m.xid)
}

impl ThreeDs {
    /// Begins an attempt; a frictionless answer is known when the issuer is asked, not before.
    pub(crate) fn begin(sandbox: &Sandbox, check: Check, finish_url: Option<String>) -> Self {
        Self {
            check,
            trans_id: sandbox.ids().uuid(),
            acs_id: sandbox.ids().uuid(),
            finish_url,
            asked: false,
            result: None,
            pa_res: None,
        }
    }

    /// It goes by 3DS 2.
    pub(crate) fn is_v2(&self) -> bool {
        match self.check {
            Check::Frictionless(_) | Check::Challenge(_) => true,
            Check::Fallback(_) => false,
        }
    }

    /// `threeDSProtocolVersion`.
    pub(crate) fn version(&self) -> &'static str {
        if self.is_v2() { VERSION } else { "1.0.2" }
    }

    /// `packedCReq`.
    pub(crate) fn creq(&self) -> String {
        self.message("CReq", Some("05".to_owned()), None)
    }

    /// `cres`; absent until there is a result.
    pub(crate) fn cres(&self) -> Option<String> {
        self.result.map(|status| self.message("CRes", None, Some(status)))
    }

    fn message(&self, kind: &str, window: Option<String>, status: Option<TransStatus>) -> String {
        pack(&Message {
            trans_id: self.trans_id.clone(),
            acs_id: self.acs_id.clone(),
            kind: kind.to_owned(),
            version: VERSION.to_owned(),
            window,
            status,
        })
    }

    /// `paReq`.
    pub(crate) fn pa_req(&self) -> String {
        old(&OldMessage { xid: self.trans_id.clone(), status: None, seal: None })
    }

    /// The payer answered on the issuer's page; the first answer stands. True when it is this one.
    pub(crate) fn answer(&mut self, code_is_right: bool, seal: String) -> bool {
        let (Check::Challenge(status) | Check::Fallback(status)) = self.check else { return false };
        if self.result.is_some() {
            return false;
        }
        let status = if code_is_right { status } else { TransStatus::N };
        self.result = Some(status);
        if !self.is_v2() {
            let message =
                OldMessage { xid: self.trans_id.clone(), status: Some(status), seal: Some(seal) };
            self.pa_res = Some(old(&message));
        }
        true
    }

    /// `aresTransStatus`: what the issuer said when it was first asked.
    pub(crate) fn ares(&self) -> Option<TransStatus> {
        match self.check {
            Check::Frictionless(status) => self.asked.then_some(status),
            Check::Challenge(_) => self.asked.then_some(TransStatus::C),
            Check::Fallback(_) => None,
        }
    }

    /// `rreqTransStatus`: what the issuer said after its question.
    pub(crate) fn rreq(&self) -> Option<TransStatus> {
        match self.check {
            Check::Frictionless(_) | Check::Fallback(_) => None,
            Check::Challenge(_) => self.result,
        }
    }
}

fn old(message: &OldMessage) -> String {
    BASE64.encode(&serde_json::to_vec(message).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    //! The protocol's check vector, and messages that are none.

    use super::*;

    #[test]
    fn the_creq_is_the_vector() {
        let three_ds = ThreeDs {
            check: Check::Challenge(TransStatus::Y),
            trans_id: "b60c9879-ac77-4918-a317-7b01c4317053".to_owned(),
            acs_id: "d7c1ee99-9478-44a6-b1f2-391e29c6b340".to_owned(),
            finish_url: None,
            asked: true,
            result: None,
            pa_res: None,
        };
        let vector = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LTdiMDFjNDMxNzA1\
                      MyIsImFjc1RyYW5zSUQiOiJkN2MxZWU5OS05NDc4LTQ0YTYtYjFmMi0zOTFlMjljNmIzNDAiLCJtZXNz\
                      YWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMS4wIiwiY2hhbGxlbmdlV2luZG93U2l6\
                      ZSI6IjA1In0";
        assert_eq!(three_ds.creq(), vector);
        let ids = (three_ds.trans_id.clone(), three_ds.acs_id.clone());
        assert_eq!(read_message(vector, "CReq"), Some(ids.clone()));
        assert_eq!(read_message(&format!("{vector}=="), "CReq"), Some(ids));
        assert_eq!(read_message(vector, "CRes"), None);
        assert_eq!(read_pa_req(&three_ds.pa_req()), Some(three_ds.trans_id));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in ".*") {
            let _ = (read_message(&text, "CReq"), read_pa_req(&text), method_answer(&text));
        }
    }
}
