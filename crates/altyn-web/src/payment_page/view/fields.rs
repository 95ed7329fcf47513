//! The fields a payer fills in: their names, keyboards, autofill tokens and words.
//!
//! The script judges a field by its kind and says the words that stand on the page, so that the
//! server and the script cannot differ in what they say.

use altyn_domain::card::DIGITS_MAX;

use crate::lang::Lang;

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The number of the card; spaces may stand in it.
    CardNumber,
    /// Month and year, `12/30` or `12/2030`, spaces may stand in it.
    CardExpiry,
    /// The code on the back.
    CardCvc,
    /// The name on the card.
    CardHolder,
    /// The login at the bank.
    AccountNumber,
    /// Telephone number.
    Phone,
    /// E-mail address.
    Email,
}

impl Field {
    /// Every field.
    pub const ALL: &'static [Self] = &[
        Self::CardNumber,
        Self::CardExpiry,
        Self::CardCvc,
        Self::CardHolder,
        Self::AccountNumber,
        Self::Phone,
        Self::Email,
    ];

    /// Its name in the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CardNumber => "card_number",
            Self::CardExpiry => "card_expiry",
            Self::CardCvc => "card_cvc",
            Self::CardHolder => "card_holder",
            Self::AccountNumber => "customer_account_number",
            Self::Phone => "customer_phone",
            Self::Email => "customer_email",
        }
    }

    /// What a fault in it is called, under the field.
    pub fn said(self, fault: Fault, lang: Lang) -> &'static str {
        let (russian, english) = match (self, fault) {
            (Self::CardNumber, Fault::Missing) => ("Введите номер карты", "Enter the card number"),
            (Self::CardNumber, Fault::Wrong | Fault::Expired) => {
                ("Проверьте номер карты: в нём ошибка", "Check the card number: it has a mistake")
            }
            (Self::CardExpiry, Fault::Missing) => {
                ("Введите месяц и год", "Enter the month and year")
            }
            (Self::CardExpiry, Fault::Wrong) => {
                ("Месяц и год, как на карте: 09 / 30", "Month and year as on the card: 09 / 30")
            }
            (Self::CardExpiry, Fault::Expired) => {
                ("Срок этой карты истёк", "This card has expired")
            }
            (Self::CardCvc, Fault::Missing) => ("Введите код", "Enter the code"),
            (Self::CardCvc, Fault::Wrong | Fault::Expired) => {
                ("3 цифры на обороте, у Amex — 4", "3 digits on the back; Amex has 4")
            }
            (Self::CardHolder, Fault::Missing) => ("Введите имя с карты", "Enter the name on card"),
            (Self::CardHolder, Fault::Wrong | Fault::Expired) => {
                ("Латинскими буквами, как на карте", "In Latin letters, as on the card")
            }
            (Self::AccountNumber, Fault::Missing) => ("Введите логин", "Enter the login"),
            (Self::AccountNumber, Fault::Wrong | Fault::Expired) => (
                "Проверьте логин: до 255 знаков, без «;»",
                "Check the login: no “;”, up to 255 characters",
            ),
            (Self::Phone, Fault::Missing) => ("Введите номер телефона", "Enter the phone number"),
            (Self::Phone, Fault::Wrong | Fault::Expired) => {
                ("Номер с кодом страны, от 4 до 24 цифр", "With the country code, 4 to 24 digits")
            }
            (Self::Email, Fault::Missing) => ("Введите адрес почты", "Enter the e-mail address"),
            (Self::Email, Fault::Wrong | Fault::Expired) => {
                ("Проверьте адрес: name@example.com", "Check the address: name@example.com")
            }
        };
        lang.pick(russian, english)
    }

    fn label(self, lang: Lang) -> &'static str {
        let (russian, english) = match self {
            Self::CardNumber => ("Номер карты", "Card number"),
            Self::CardExpiry => ("Срок действия", "Expiry date"),
            Self::CardCvc => ("Код на обороте", "Security code"),
            Self::CardHolder => ("Имя на карте", "Name on card"),
            Self::AccountNumber => ("Логин в «Альфа-Клик»", "Alfa-Click login"),
            Self::Phone => ("Телефон", "Phone"),
            Self::Email => ("Электронная почта", "E-mail"),
        };
        lang.pick(russian, english)
    }

    fn hint(self, lang: Lang) -> &'static str {
        match self {
            Self::CardHolder => lang
                .pick("Латиницей; если имени нет — пусто", "In Latin letters; may be left empty"),
            Self::Phone => lang.pick("С кодом страны: +7 999 …", "With the country code: +7 999 …"),
            Self::CardNumber
            | Self::CardExpiry
            | Self::CardCvc
            | Self::AccountNumber
            | Self::Email => "",
        }
    }

    const fn form(self) -> Form {
        const DIGITS: &str = "numeric";
        match self {
            // Spaces may stand between the digits, as on the card or as pasted.
            Self::CardNumber => Form::new("text", DIGITS, "cc-number", 2 * DIGITS_MAX),
            Self::CardExpiry => Form::new("text", DIGITS, "cc-exp", 9),
            Self::CardCvc => Form::new("text", DIGITS, "cc-csc", 4),
            Self::CardHolder => Form::new("text", "text", "cc-name", 64),
            Self::AccountNumber => Form::new("text", "text", "username", 255),
            Self::Phone => Form::new("tel", "tel", "tel", 40),
            Self::Email => Form::new("email", "email", "email", 255),
        }
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is in it.
    Missing,
    /// It cannot be this.
    Wrong,
    /// The card's date is past.
    Expired,
}

/// A fault that the server found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where.
    pub field: Field,
    /// What.
    pub fault: Fault,
}

/// How a field is typed.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub kind: &'static str,
    pub keyboard: &'static str,
    pub autofill: &'static str,
    pub length: usize,
}

impl Form {
    const fn new(
        kind: &'static str,
        keyboard: &'static str,
        autofill: &'static str,
        length: usize,
    ) -> Self {
        Self { kind, keyboard, autofill, length }
    }
}

/// A field as a template shows it.
pub(super) struct FieldView<'a> {
    pub field: Field,
    pub id: String,
    pub value: &'a str,
    pub error: &'static str,
    lang: Lang,
}

impl<'a> FieldView<'a> {
    /// The field of the method `code`; ids differ between methods that ask for the same thing.
    pub fn new(
        field: Field,
        code: &str,
        value: &'a str,
        errors: &[FieldError],
        lang: Lang,
    ) -> Self {
        let fault = errors.iter().find(|error| error.field == field).map(|error| error.fault);
        Self {
            field,
            id: format!("{code}-{}", field.name()),
            value,
            error: fault.map_or("", |fault| field.said(fault, lang)),
            lang,
        }
    }

    pub fn name(&self) -> &'static str {
        self.field.name()
    }

    pub fn label(&self) -> &'static str {
        self.field.label(self.lang)
    }

    pub fn hint(&self) -> &'static str {
        self.field.hint(self.lang)
    }

    pub fn form(&self) -> Form {
        self.field.form()
    }

    pub fn placeholder(&self) -> &'static str {
        match self.field {
            Field::CardNumber => "0000 0000 0000 0000",
            Field::CardExpiry => self.lang.pick("ММ / ГГ", "MM / YY"),
            Field::CardCvc => "CVC",
            Field::CardHolder | Field::AccountNumber | Field::Phone | Field::Email => "",
        }
    }

    /// Not every card has a name on it.
    pub fn is_required(&self) -> bool {
        self.field != Field::CardHolder
    }

    /// Stands beside its neighbour.
    pub fn is_half(&self) -> bool {
        matches!(self.field, Field::CardExpiry | Field::CardCvc)
    }

    pub fn when_missing(&self) -> &'static str {
        self.field.said(Fault::Missing, self.lang)
    }

    pub fn when_wrong(&self) -> &'static str {
        self.field.said(Fault::Wrong, self.lang)
    }

    pub fn when_expired(&self) -> &'static str {
        self.field.said(Fault::Expired, self.lang)
    }
}
