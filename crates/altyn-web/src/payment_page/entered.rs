//! What the payer has entered: read from the form, judged field by field, wiped after use.
//!
//! Guaranteed: a value is decoded into one place that never moves and is overwritten when the form
//! is dropped, and no card number is taken for anything but the card.

use altyn_app::card::{CardData, CardEntry, CardError};
use altyn_domain::method::{Method, Scenario};
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::Customer;
use altyn_domain::project::Project;
use altyn_domain::time::Timestamp;
use zeroize::Zeroizing;

use super::secrecy::{has_card, phone_is_card};
use super::view::{Fault, Field, FieldError, Offer};
use crate::api::ecommpay::read::fields::{is_email, is_phone};

/// The longest form taken, bytes: a link and a few fields.
pub const FORM_MAX_BYTES: usize = 48 * 1024;
/// The most fields of a form.
const FIELDS_MAX: usize = 40;
/// The longest login, characters.
const LOGIN_MAX_CHARS: usize = 255;

/// Cents of a shilling.
const KES_CENTS: i64 = 100;

/// A form as it was sent.
pub struct Entered(Vec<(String, Zeroizing<String>)>);

/// What an accepted form says.
pub struct Answers {
    /// What is known of the payer now.
    pub customer: Customer,
    /// The card, for the method that takes one.
    pub card: Option<CardData>,
}

impl Entered {
    /// Reads a form; what is beyond the limit of fields is not looked at.
    pub fn read(bytes: &[u8]) -> Self {
        let parts = bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
        let pairs = parts.take(FIELDS_MAX).map(|part| {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default());
            (name.to_string(), decoded(halves.next().unwrap_or_default()))
        });
        Self(pairs.collect())
    }

    /// A field without the spaces around it; `""` when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.trim())
    }

    /// The method that was chosen.
    pub fn method(&self) -> Option<Method> {
        Method::from_code(self.get("method"))
    }

    /// What was entered into the fields of `offer`, on top of what is known of the payer.
    pub fn answers(
        &self,
        offer: &Offer<'_>,
        known: &Customer,
        now: Timestamp,
    ) -> Result<Answers, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut customer = known.clone();
        let mut take = |asked: bool, field: Field, slot: &mut Option<String>| {
            if !asked {
                return;
            }
            match self.value_of(field) {
                Ok(value) => *slot = Some(value),
                Err(fault) => errors.push(FieldError { field, fault }),
            }
        };
        let mut card = None;
        match offer {
            Offer::AlfaClick { login, phone, by_bill: _ } => {
                take(login.is_some(), Field::AccountNumber, &mut customer.account_id);
                take(phone.is_some(), Field::Phone, &mut customer.phone);
            }
            Offer::CardPartner { phone, email } => {
                take(phone.is_some(), Field::Phone, &mut customer.phone);
                take(email.is_some(), Field::Email, &mut customer.email);
            }
            Offer::Card => match self.card(now) {
                Ok(read) => card = Some(read),
                Err(faults) => errors = faults,
            },
        }
        if errors.is_empty() { Ok(Answers { customer, card }) } else { Err(errors) }
    }

    fn value_of(&self, field: Field) -> Result<String, Fault> {
        let text = self.get(field.name());
        if text.is_empty() {
            return Err(Fault::Missing);
        }
        let value = match field {
            Field::Phone => {
                text.chars().filter(|character| !" ()+-.".contains(*character)).collect()
            }
            Field::CardNumber
            | Field::CardExpiry
            | Field::CardCvc
            | Field::CardHolder
            | Field::AccountNumber
            | Field::Email => text.to_owned(),
        };
        let right = match field {
            Field::Phone => is_phone(&value) && !phone_is_card(&value),
            Field::Email => is_email(&value) && !has_card(&value),
            Field::AccountNumber
            | Field::CardNumber
            | Field::CardExpiry
            | Field::CardCvc
            | Field::CardHolder => is_login(&value) && !has_card(&value),
        };
        right.then_some(value).ok_or(Fault::Wrong)
    }

    fn card(&self, now: Timestamp) -> Result<CardData, Vec<FieldError>> {
        let needed = [Field::CardNumber, Field::CardExpiry, Field::CardCvc];
        let missing: Vec<FieldError> = needed
            .into_iter()
            .filter(|field| self.get(field.name()).is_empty())
            .map(|field| FieldError { field, fault: Fault::Missing })
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let wrong = |field, fault| vec![FieldError { field, fault }];
        let (month, year) = expiry(self.get(Field::CardExpiry.name()))
            .ok_or_else(|| wrong(Field::CardExpiry, Fault::Wrong))?;
        let entry = CardEntry {
            number: self.get(Field::CardNumber.name()),
            month,
            year,
            code: Some(self.get(Field::CardCvc.name())),
            holder: Some(self.get(Field::CardHolder.name())),
        };
        CardData::read(&entry, now).map_err(|error| match error {
            CardError::Number => wrong(Field::CardNumber, Fault::Wrong),
            CardError::Expiry => wrong(Field::CardExpiry, Fault::Wrong),
            CardError::Expired => wrong(Field::CardExpiry, Fault::Expired),
            CardError::Code => wrong(Field::CardCvc, Fault::Wrong),
            CardError::Holder => wrong(Field::CardHolder, Fault::Wrong),
        })
    }
}

/// One side of a pair, with `+` and `%41` read as browsers write them; nothing when it is no text.
///
/// The room is made at once: a text that grows leaves pieces where nobody wipes them.
fn decoded(sent: &[u8]) -> Zeroizing<String> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(sent.len()));
    let mut rest = sent;
    while let Some((first, after)) = rest.split_first() {
        let pair = digit(after.first()).zip(digit(after.get(1)));
        let escaped = pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        let (byte, left) = match (first, escaped) {
            (b'%', Some(byte)) => (byte, after.get(2..).unwrap_or_default()),
            (b'+', _) => (b' ', after),
            (other, _) => (*other, after),
        };
        bytes.push(byte);
        rest = left;
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Zeroizing::default()
        }
    }
}

fn is_login(text: &str) -> bool {
    text.chars().count() <= LOGIN_MAX_CHARS && !text.chars().any(|c| c.is_control() || c == ';')
}

/// Month and year out of `12 / 30`, `12/2030`, `1230`.
fn expiry(text: &str) -> Option<(u8, u16)> {
    let digits: String = text.chars().filter(|character| !" /.-".contains(*character)).collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = if text.trim_start().chars().nth(1).is_some_and(|c| !c.is_ascii_digit()) {
        format!("0{digits}")
    } else {
        digits
    };
    let month = digits.get(..2)?.parse().ok()?;
    let year: u16 = digits.get(2..)?.parse().ok()?;
    match digits.len() {
        4 => Some((month, 2000 + year)),
        6 => Some((month, year)),
        _ => None,
    }
}

/// What a method asks of this payer; `None` when it does not take this sum here.
pub fn offer<'a>(
    project: &Project,
    method: Method,
    amount: Amount,
    known: &'a Customer,
) -> Option<Offer<'a>> {
    let setting = project.method(method)?;
    method.rules().check_amount(amount, project.test).ok()?;
    let missing = |value: &Option<String>| value.is_none().then_some("");
    Some(match method {
        Method::Card => Offer::Card,
        Method::AlfaClick => {
            let by_bill = setting.scenario == Scenario::Instruction;
            let login = match (&known.account_id, by_bill) {
                (Some(login), true) => Some(login.as_str()),
                (Some(_), false) => None,
                (None, _) => Some(""),
            };
            let kazakhstan =
                amount.currency() == Currency::KZT || known.country.as_deref() == Some("KZ");
            let phone = missing(&known.phone).filter(|_| kazakhstan);
            Offer::AlfaClick { login, phone, by_bill }
        }
        // The partner's form has shillings without cents.
        Method::CardPartner
            if amount.currency() == Currency::KES && amount.minor() % KES_CENTS != 0 =>
        {
            return None;
        }
        Method::CardPartner => {
            Offer::CardPartner { phone: missing(&known.phone), email: missing(&known.email) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, read) in [
            ("12 / 30", Some((12, 2030))),
            ("12/2030", Some((12, 2030))),
            ("1230", Some((12, 2030))),
            ("1/30", Some((1, 2030))),
            ("01-30", Some((1, 2030))),
            ("13/30", Some((13, 2030))),
            ("12", None),
            ("12/30/1", None),
            ("1a/30", None),
            ("", None),
        ] {
            assert_eq!(expiry(text), read, "{text}");
        }
    }

    #[test]
    fn every_missing_field_is_named_and_a_wrong_one_too() {
        let now = Timestamp::from_millis(1_795_305_600_000);
        let customer = Customer::default();
        let errors = |form: &str, offer: Offer<'_>| {
            let answers = Entered::read(form.as_bytes()).answers(&offer, &customer, now);
            answers.err().unwrap_or_default()
        };
        let error = |field, fault| FieldError { field, fault };
        let card = Offer::Card;
        assert_eq!(errors("", card).len(), 3);
        let right = "card_number=4314+2200+0000+0056&card_expiry=12+%2F+30&card_cvc=123";
        assert_eq!(errors(right, card), []);
        let late = right.replace("30", "25");
        assert_eq!(errors(&late, card), [error(Field::CardExpiry, Fault::Expired)]);
        let wrong = right.replace("0056", "0057");
        assert_eq!(errors(&wrong, card), [error(Field::CardNumber, Fault::Wrong)]);
        let partner = Offer::CardPartner { phone: Some(""), email: Some("") };
        assert_eq!(
            errors("customer_phone=abc&customer_email=", partner),
            [error(Field::Phone, Fault::Wrong), error(Field::Email, Fault::Missing)]
        );
        assert_eq!(errors("customer_phone=%2B7+(999)+1234567&customer_email=a@b.co", partner), []);
        // A card in the wrong field.
        let form = "customer_phone=4314+2200+0000+0056&customer_email=4314220000000056@b.co";
        assert_eq!(
            errors(form, partner),
            [error(Field::Phone, Fault::Wrong), error(Field::Email, Fault::Wrong)]
        );
        let login = Offer::AlfaClick { login: Some(""), phone: None, by_bill: false };
        let form = "customer_account_number=4314-2200-0000-0056";
        assert_eq!(errors(form, login), [error(Field::AccountNumber, Fault::Wrong)]);
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it_and_no_value_has_moved() {
        let sent = "a=1+2&b=%D0%B6%2b%3D=&c&&=x&d=%zz%4&e=%ff&b=again";
        let entered = Entered::read(sent.as_bytes());
        for (name, value) in [("a", "1 2"), ("b", "ж+=="), ("c", ""), ("d", "%zz%4"), ("e", "")] {
            assert_eq!(entered.get(name), value, "{name}");
        }
        let long = format!("card_number={}", "%34".repeat(64));
        let entered = Entered::read(long.as_bytes());
        assert_eq!(entered.0[0].1.len(), 64);
        assert_eq!(entered.0[0].1.capacity(), 3 * 64);
    }

    #[test]
    fn the_partner_is_offered_for_sums_that_it_can_write() {
        let project = altyn_testkit::build::project(1).project;
        let offered = |minor, currency| {
            let amount = Amount::new(minor, currency).unwrap();
            offer(&project, Method::CardPartner, amount, &Customer::default()).is_some()
        };
        assert!(offered(12_300, Currency::KES) && !offered(12_301, Currency::KES));
        assert!(offered(12_301, Currency::USD));
    }
}
