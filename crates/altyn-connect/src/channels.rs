//! The port [`CallbackSender`] over every channel: a callback goes by the one it was worded for.

use altyn_app::callback::{Callback, Wording};
use altyn_app::ports::CallbackSender;
use altyn_app::ports::delivery::SendReport;
use async_trait::async_trait;

use crate::callback::{ContentType, HttpCallbackSender};
use crate::smtp::Mailer;

/// What every try of a letter says where there is no mail server; the plan goes on, because the
/// configuration may be mended before its end.
const NO_MAIL_SERVER: &str = "this server has no [smtp] in its configuration";

/// Merchants' servers, and our mail server if there is one.
#[derive(Clone)]
pub struct Channels {
    /// Sends what has an address.
    pub http: HttpCallbackSender,
    /// Sends letters.
    pub mail: Option<Mailer>,
}

#[async_trait]
impl CallbackSender for Channels {
    async fn send(&self, callback: &Callback) -> SendReport {
        let kind = match (callback.wording(), &self.mail) {
            (Wording::Json, _) => ContentType::Json,
            (Wording::Form, _) => ContentType::Form,
            (Wording::Letter(address), Some(mail)) => return mail.send(address, callback).await,
            (Wording::Letter(_), None) => {
                let error = Some(NO_MAIL_SERVER.to_owned());
                return SendReport { error, ..SendReport::default() };
            }
        };
        self.http.post(&callback.url, kind, &callback.body).await
    }
}
