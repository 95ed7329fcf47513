//! Card numbers and what the test cards do: the tables of ecommpay.md §7 and providers.md §1.12 as
//! data, with rules of our own for what they leave out.
//!
//! Guarantee: a number and a code live in [`Entered`] only as long as one request; nothing of this
//! file can be printed or written, and what is kept of a card is its mask. **Chosen**:
//!
//! - `4111111111111111` stands in both tables. Here it is declined, as ECommPay says; RBS's
//!   frictionless success is had with 4477000000000006.
//! - ECommPay's cards take any code of three or four digits, RBS's own only 123: another one is
//!   declined with 71015, as is any date that has passed. Every date to come is good.
//! - A card of no table with a right check digit is paid without 3-D Secure, unless its last four
//!   digits are 9005, 9014, 9051, 9054, 9057, 9061, 9065 or 9091: then the issuer declines with
//!   the network's code of the last two ([`OWN_RULES`]).
//! - The amounts 400.00 and 404.00 are declined by any card that would have paid: no funds (116).
//! - «Falls back to 3DS 1»: the gateway learns from the directory that the issuer has no 3DS 2, so
//!   `paymentorder.do` answers with the 3DS 1 family at once.
//! - A partial authorization is not enabled; those cards pay the whole. Saved cards are not
//!   emulated; the two cards about them pay as any other.
//! - Without a code the payment is declined with 2004.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::reply::Fail;
use crate::money;
use crate::pages::Lang;
use crate::web::Params;

/// actionCode: the issuer does not honor, network code 05.
const REFUSED: i32 = 5;
/// actionCode: no answer from the issuer, network code 91.
const ISSUER_AWAY: i32 = 910;
/// actionCode: wrong card data.
const WRONG_DATA: i32 = 71_015;
/// actionCode: a payment without the code is forbidden.
const NO_CODE: i32 = 2_004;

/// The issuer's word about who pays, as 3-D Secure writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TransStatus {
    /// Authenticated.
    Y,
    /// An attempt; the payment may go on.
    A,
    /// Not authenticated.
    N,
    /// The payer has to be asked.
    C,
}

impl TransStatus {
    /// The letter on the wire.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Y => "Y",
            Self::A => "A",
            Self::N => "N",
            Self::C => "C",
        }
    }

    /// The payment may go on to the issuer.
    pub(crate) fn lets_pay(self) -> bool {
        match self {
            Self::Y | Self::A => true,
            Self::N | Self::C => false,
        }
    }
}

/// How a card is checked by 3-D Secure; the letter is what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Check {
    /// 3DS 2 without a question.
    Frictionless(TransStatus),
    /// 3DS 2 with a code; the letter is the answer to a right one.
    Challenge(TransStatus),
    /// 3DS 1; the letter is the answer to a right code.
    Fallback(TransStatus),
}

/// Payment systems as `paymentSystem` writes them; Maestro is Mastercard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Scheme {
    /// Visa.
    Visa,
    /// Mastercard and Maestro.
    Mastercard,
    /// American Express.
    Amex,
    /// JCB.
    Jcb,
    /// UnionPay.
    Cup,
    /// Mir.
    Mir,
}

impl Scheme {
    /// By the first six digits (providers.md §4.1).
    fn of(bin: u32) -> Option<Self> {
        Some(match bin {
            220_000..=220_499 => Self::Mir,
            510_000..=559_999 | 222_100..=272_099 => Self::Mastercard,
            340_000..=349_999 | 370_000..=379_999 => Self::Amex,
            352_800..=358_999 | 213_100..=213_199 | 180_000..=180_099 => Self::Jcb,
            620_000..=629_999 | 810_000..=817_199 => Self::Cup,
            493_698 | 500_000..=509_999 | 560_000..=699_999 => Self::Mastercard,
            400_000..=499_999 => Self::Visa,
            _ => return None,
        })
    }

    /// `eci` for what came of the authentication; none was made: the lowest.
    pub(crate) fn eci(self, status: Option<TransStatus>) -> u8 {
        let (full, attempt, none) = match self {
            Self::Mastercard => (2, 1, 0),
            Self::Visa | Self::Amex | Self::Jcb | Self::Cup | Self::Mir => (5, 6, 7),
        };
        match status {
            Some(TransStatus::Y) => full,
            Some(TransStatus::A) => attempt,
            Some(TransStatus::N | TransStatus::C) | None => none,
        }
    }
}

/// One card of the tables.
pub(crate) struct TestCard {
    /// Its number; public, it opens nothing anywhere.
    pub(crate) pan: &'static str,
    /// Only the code 123 is right.
    only_123: bool,
    check: Option<Check>,
    verdict: i32,
}

const fn ecommpay(pan: &'static str, check: Option<Check>, verdict: i32) -> TestCard {
    TestCard { pan, only_123: false, check, verdict }
}

const fn rbs(pan: &'static str, check: Option<Check>) -> TestCard {
    TestCard { pan, only_123: true, check, verdict: 0 }
}

const ASKED: Option<Check> = Some(Check::Challenge(TransStatus::Y));
const ASKED_IN_VAIN: Option<Check> = Some(Check::Challenge(TransStatus::N));
const UNASKED: Option<Check> = Some(Check::Frictionless(TransStatus::Y));
const OLD: Option<Check> = Some(Check::Fallback(TransStatus::Y));
const OLD_IN_VAIN: Option<Check> = Some(Check::Fallback(TransStatus::N));

/// Both tables; a number stands in it once.
pub(crate) const TABLE: [TestCard; 30] = [
    ecommpay("4000000000000077", None, 0),
    ecommpay("4111111111111111", None, REFUSED),
    ecommpay("4000000000000119", None, 0),
    ecommpay("4000000000000135", None, 0),
    ecommpay("4539121411168251", None, ISSUER_AWAY),
    ecommpay("5126160000356675", None, 0),
    ecommpay("4010571676223548", None, 0),
    ecommpay("4314220000000056", ASKED, 0),
    ecommpay("4006260000000014", ASKED, 0),
    ecommpay("5413330000000019", ASKED, 0),
    ecommpay("4314220000000072", ASKED_IN_VAIN, 0),
    ecommpay("4314220000000098", ASKED_IN_VAIN, 0),
    ecommpay("5413330000000035", ASKED_IN_VAIN, 0),
    ecommpay("5413330000000092", ASKED_IN_VAIN, 0),
    ecommpay("4012000000020089", ASKED_IN_VAIN, 0),
    ecommpay("5544330000000045", ASKED_IN_VAIN, 0),
    ecommpay("4477000000000006", UNASKED, 0),
    ecommpay("5252000000000004", UNASKED, 0),
    ecommpay("4012000000020063", OLD, 0),
    ecommpay("4344693136092508", OLD, 0),
    ecommpay("5544330000000029", OLD, 0),
    // Its check digit is wrong; the table has it so, and it is accepted as it stands there.
    ecommpay("5426257498741734", OLD, 0),
    ecommpay("4165519761269614", OLD_IN_VAIN, 0),
    ecommpay("4331289925608649", OLD_IN_VAIN, 0),
    ecommpay("4383604346807330", OLD_IN_VAIN, 0),
    ecommpay("5722753235016359", OLD_IN_VAIN, 0),
    rbs("5555555555555599", ASKED),
    rbs("5168494895055780", Some(Check::Frictionless(TransStatus::N))),
    rbs("4000001111111118", Some(Check::Frictionless(TransStatus::A))),
    rbs("4444555511113333", None),
];

/// Last four digits of a card of no table, the actionCode they lead to, and a Mir number to try.
pub(crate) const OWN_RULES: [(&str, i32, &str); 8] = [
    ("9005", REFUSED, "2200000000009005"),
    ("9014", 111, "2200000000099014"),
    ("9051", super::NO_FUNDS, "2200000000039051"),
    ("9054", 101, "2200000000009054"),
    ("9057", 120, "2200000000079057"),
    ("9061", 121, "2200000000019061"),
    ("9065", 123, "2200000000079065"),
    ("9091", ISSUER_AWAY, "2200000000059091"),
];

/// What a declined payer is told, in both languages; none for a code the emulator never gives.
pub(crate) fn reason(code: i32, lang: Lang) -> Option<&'static str> {
    let (ru, en) = match code {
        REFUSED => ("Банк отказал без объяснения причин", "The issuer does not honor the card"),
        101 => ("Срок действия карты истёк", "The card has expired"),
        111 => ("Неверный номер карты", "Wrong card number"),
        super::NO_FUNDS => ("Недостаточно средств", "Insufficient funds"),
        120 => ("Операция запрещена банком", "The operation is not permitted by the issuer"),
        121 => ("Превышен лимит суммы", "The amount limit is exceeded"),
        123 => ("Превышено число операций", "Too many operations"),
        ISSUER_AWAY => ("Банк не ответил", "The issuer did not answer"),
        NO_CODE => ("Без кода карты нельзя", "A payment without the card code is forbidden"),
        WRONG_DATA => ("Неверные данные карты", "Decline. Input error"),
        super::NOT_CONFIRMED => ("Банк не подтвердил плательщика", "3-D Secure was refused"),
        super::CHALLENGE_FAILED => {
            ("Подтверждение 3-D Secure не пройдено", "The 3-D Secure challenge failed")
        }
        _ => return None,
    };
    Some(lang.pick(ru, en))
}

impl TestCard {
    /// What the card does, for the front page.
    pub(crate) fn behavior(&self, lang: Lang) -> &'static str {
        match (self.check, self.verdict) {
            (None, 0) => lang.pick("успех без 3-D Secure", "paid without 3-D Secure"),
            (None, ISSUER_AWAY) => lang.pick("отказ: банк не ответил", "declined, issuer silent"),
            (None, _) => lang.pick("отказ", "declined"),
            (Some(Check::Frictionless(TransStatus::Y)), _) => {
                lang.pick("3DS 2 без вопроса, успех", "3DS 2 frictionless, paid")
            }
            (Some(Check::Frictionless(TransStatus::A)), _) => {
                lang.pick("3DS 2, попытка (A), успех", "3DS 2 attempt (A), paid")
            }
            (Some(Check::Frictionless(TransStatus::N | TransStatus::C)), _) => {
                lang.pick("3DS 2 без вопроса, отказ", "3DS 2 frictionless, declined")
            }
            (Some(Check::Challenge(TransStatus::Y | TransStatus::A)), _) => {
                lang.pick("3DS 2 с кодом, успех", "3DS 2 challenge, paid")
            }
            (Some(Check::Challenge(TransStatus::N | TransStatus::C)), _) => {
                lang.pick("3DS 2 с кодом, отказ", "3DS 2 challenge, declined")
            }
            (Some(Check::Fallback(TransStatus::Y | TransStatus::A)), _) => {
                lang.pick("3DS 1 с кодом, успех", "3DS 1, paid")
            }
            (Some(Check::Fallback(TransStatus::N | TransStatus::C)), _) => {
                lang.pick("3DS 1 с кодом, отказ", "3DS 1, declined")
            }
        }
    }

    /// Only the code 123 is right.
    pub(crate) fn needs_123(&self) -> bool {
        self.only_123
    }
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A number of 12 to 19 digits of a known payment system; it cannot be printed.
pub(crate) struct Pan(String);

impl Pan {
    /// Reads a number; spaces between the digits are allowed, a wrong check digit is not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        let right = (12..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let pan = Self(digits);
        let known = right && pan.scheme().is_some();
        (known && (pan.in_table().is_some() || luhn(&pan.0))).then_some(pan)
    }

    fn scheme(&self) -> Option<Scheme> {
        Scheme::of(self.0.get(..6)?.parse().ok()?)
    }

    fn in_table(&self) -> Option<&'static TestCard> {
        TABLE.iter().find(|card| card.pan == self.0)
    }

    /// How it is checked, if at all.
    pub(crate) fn check(&self) -> Option<Check> {
        self.in_table().and_then(|card| card.check)
    }

    /// `411111**1111`: always two stars (providers.md §4.1).
    fn mask(&self) -> String {
        let last = self.0.len().saturating_sub(4);
        format!(
            "{}**{}",
            self.0.get(..6).unwrap_or_default(),
            self.0.get(last..).unwrap_or_default()
        )
    }
}

/// What is kept of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CardFace {
    /// First six and last four digits.
    pub(crate) masked: String,
    /// Payment system.
    pub(crate) scheme: Scheme,
    /// YYYYMM.
    pub(crate) expiry: String,
    /// Name on the card.
    pub(crate) holder: String,
}

/// A card as one request brought it.
pub(crate) struct Entered {
    pan: Pan,
    code: Option<String>,
    /// What may be kept.
    pub(crate) face: CardFace,
}

/// What the gateway has to do with an entered card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Decline at once, with this code, asking nobody.
    Decline(i32),
    /// Ask the issuer, whose answer is this code.
    Authorize(i32),
    /// Authenticate the payer first.
    Authenticate(Check, i32),
}

impl Entered {
    /// Reads `$PAN`, `$CVC`, `$EXPIRY` or `YYYY` + `MM`, `TEXT`. A name holds no digits, so that a
    /// number typed into the wrong field is not kept.
    pub(crate) fn read(params: &Params) -> Result<Self, Fail> {
        let number = params.get("$PAN").ok_or(Fail::Bad("$PAN"))?;
        let pan = Pan::parse(number).ok_or(Fail::Bad("$PAN"))?;
        let scheme = pan.scheme().ok_or(Fail::Bad("$PAN"))?;
        let code = params.get("$CVC").map(str::to_owned);
        let three_or_four =
            |c: &String| matches!(c.len(), 3 | 4) && c.bytes().all(|b| b.is_ascii_digit());
        if !code.as_ref().is_none_or(three_or_four) {
            return Err(Fail::Bad("$CVC"));
        }
        let expiry = match params.get("$EXPIRY") {
            Some(text) => text.to_owned(),
            None => format!("{}{:0>2}", params.text("YYYY"), params.text("MM")),
        };
        let month = expiry.get(4..).and_then(|m| m.parse::<u8>().ok());
        let digits = expiry.len() == 6 && expiry.bytes().all(|b| b.is_ascii_digit());
        if !digits || !month.is_some_and(|m| (1..=12).contains(&m)) {
            return Err(Fail::Bad("$EXPIRY"));
        }
        let holder = params.text("TEXT").trim().to_owned();
        if holder.chars().count() > 64 || holder.chars().any(char::is_numeric) {
            return Err(Fail::Bad("TEXT"));
        }
        let face = CardFace { masked: pan.mask(), scheme, expiry, holder };
        Ok(Self { pan, code, face })
    }

    /// What is to be done, for a payment of `amount` at `now`.
    pub(crate) fn plan(&self, amount: u64, now: i64) -> Plan {
        let card = self.pan.in_table();
        let wrong_code = card.is_some_and(|c| c.only_123 && self.code.as_deref() != Some("123"));
        if self.code.is_none() {
            return Plan::Decline(NO_CODE);
        }
        if wrong_code || self.has_expired(now) {
            return Plan::Decline(WRONG_DATA);
        }
        let own = OWN_RULES.iter().find(|(last, ..)| self.pan.0.ends_with(last));
        let verdict = match (card, own) {
            (Some(card), _) => card.verdict,
            (None, Some((_, code, _))) => *code,
            (None, None) => 0,
        };
        let short = verdict == 0 && money::is_refused_amount(amount);
        let verdict = if short { super::NO_FUNDS } else { verdict };
        match self.pan.check() {
            Some(check) => Plan::Authenticate(check, verdict),
            None => Plan::Authorize(verdict),
        }
    }

    /// A card is good to the last day of its month, in Moscow.
    fn has_expired(&self, now: i64) -> bool {
        let Ok(at) = Timestamp::from_millisecond(now) else { return true };
        let month = Offset::constant(3).to_datetime(at).strftime("%Y%m").to_string();
        self.face.expiry < month
    }
}

#[cfg(test)]
mod tests {
    //! The tables hold together.

    use super::*;

    #[test]
    fn numbers_are_read_as_the_protocol_lists_them() {
        let good = [
            ("4111 1111 1111 1111", Scheme::Visa),
            ("2200000000000053", Scheme::Mir),
            ("2201382000000013", Scheme::Mir),
            ("6200000000000005", Scheme::Cup),
            ("3530111333300000", Scheme::Jcb),
            ("378282246310005", Scheme::Amex),
            ("6759649826438453", Scheme::Mastercard),
            ("2223003122003222", Scheme::Mastercard),
        ];
        for (number, scheme) in good {
            assert_eq!(Pan::parse(number).unwrap().scheme(), Some(scheme), "{number}");
        }
        for bad in ["4111111111111112", "79927398713", "", "4111-1111-1111-1111", "٤٤٤٤٤٤٤٤٤٤٤٤"]
        {
            assert!(Pan::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_listed_number_is_accepted_and_listed_once() {
        let mut seen = std::collections::BTreeSet::new();
        for card in &TABLE {
            assert!(Pan::parse(card.pan).is_some(), "{}", card.pan);
            assert!(seen.insert(card.pan), "{}", card.pan);
        }
        for (last, code, number) in OWN_RULES {
            let pan = Pan::parse(number).unwrap();
            assert!(number.ends_with(last) && pan.in_table().is_none());
            assert!(reason(code, Lang::En).is_some(), "{code}");
        }
    }

    #[test]
    fn a_mask_has_two_stars() {
        assert_eq!(Pan::parse("4111111111111111").unwrap().mask(), "411111**1111");
        assert_eq!(Pan::parse("378282246310005").unwrap().mask(), "378282**0005");
    }
}
