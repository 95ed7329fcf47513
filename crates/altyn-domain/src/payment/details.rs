//! What is known of a payment and changes no money: the payer, addresses, wishes.

use crate::method::{CustomerField, Method};
use crate::time::Timestamp;

/// What is known of the payer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Customer {
    /// The merchant's id of the payer.
    pub id: Option<String>,
    /// The payer's address on the network.
    pub ip_address: Option<String>,
    /// The payer's login at the bank.
    pub account_id: Option<String>,
    /// Telephone number, digits.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Preferred language of pages, two letters.
    pub language: Option<String>,
}

impl Customer {
    /// One field by name.
    pub fn field(&self, field: CustomerField) -> Option<&str> {
        let value = match field {
            CustomerField::Id => &self.id,
            CustomerField::IpAddress => &self.ip_address,
            CustomerField::AccountId => &self.account_id,
            CustomerField::Phone => &self.phone,
            CustomerField::Email => &self.email,
        };
        value.as_deref().filter(|value| !value.is_empty())
    }

    /// Fills what is empty here with what `more` knows.
    pub fn complete_with(&mut self, more: Self) {
        let pairs = [
            (&mut self.id, more.id),
            (&mut self.ip_address, more.ip_address),
            (&mut self.account_id, more.account_id),
            (&mut self.phone, more.phone),
            (&mut self.email, more.email),
            (&mut self.country, more.country),
            (&mut self.first_name, more.first_name),
            (&mut self.last_name, more.last_name),
            (&mut self.language, more.language),
        ];
        for (own, new) in pairs {
            if own.as_deref().is_none_or(str::is_empty) && new.is_some() {
                *own = new;
            }
        }
    }
}

/// Where the payer goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReturnUrls {
    /// After success.
    pub success: Option<String>,
    /// After a decline.
    pub decline: Option<String>,
    /// Before the end, or when neither of the others is given.
    pub back: Option<String>,
}

/// What the merchant asked about the callbacks of this payment (ecommpay.md §3.4).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallbackWishes {
    /// For every callback.
    pub url: Option<String>,
    /// For a final success, before `url`.
    pub success_url: Option<String>,
    /// For a final decline, before `url`.
    pub decline_url: Option<String>,
    /// Put each first try off by so many milliseconds.
    pub delay_ms: i64,
    /// Send none at all.
    pub disabled: bool,
}

/// Facts of a payment that no rule about money depends on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Details {
    /// The payer.
    pub customer: Customer,
    /// What is paid for.
    pub description: String,
    /// Where the payer goes back to.
    pub return_urls: ReturnUrls,
    /// What the merchant asked about callbacks.
    pub callback: CallbackWishes,
    /// For a payment that began on the Payment Page: what its link asked for.
    pub page: Option<PageWishes>,
}

/// What a signed link to the Payment Page asks for beyond the payment itself (ecommpay.md §2.3).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PageWishes {
    /// The language of the page, `ru` or `en`; the browser's own when absent.
    pub language: Option<String>,
    /// The only method offered.
    pub forced: Option<Method>,
    /// Methods that are not offered.
    pub hidden: Vec<Method>,
    /// Hold the money now and take it later, where the method can.
    pub two_stage: bool,
    /// No try is begun after this (`best_before`), on the project's clock.
    pub expires_at: Option<Timestamp>,
    /// The payer is taken back to the shop by itself after a success.
    pub auto_success: bool,
    /// The same after a failure.
    pub auto_decline: bool,
}
