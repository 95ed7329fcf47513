//! The code under a refused link: everything an operator needs, sealed, and nothing stored
//! (ruling 30).
//!
//! A payer can read the code to somebody; only the server's keys open it, and a code that was
//! changed or made up does not open. It tells when a link was refused, why, and whose it was; a
//! long `payment_id` is cut. Letters that look like digits are never written and are understood
//! when read, as are capitals, spaces and missing dashes.

use std::fmt::Write;

use altyn_domain::id::{ID_EPOCH_SECONDS, ProjectId};
use altyn_domain::time::{SECOND_MS, Timestamp};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use data_encoding::BASE32HEX_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::link::LinkRefusal;
use crate::api::ecommpay::codes::Code;
use crate::lang::Lang;

/// Bytes of a nonce; random ones suffice for billions of codes under one key.
pub const NONCE_BYTES: usize = 12;
/// What is kept of a `payment_id`, bytes: enough to find the payment by.
const REFERENCE_MAX_BYTES: usize = 32;
/// What is kept of a parameter's name that is not in [`FIELDS`], bytes.
const FIELD_MAX_BYTES: usize = 24;
/// No code is longer, dashes and all.
const TEXT_MAX_BYTES: usize = 400;
/// Characters between two dashes.
const GROUP: usize = 5;

/// The layout below and what the derived key is for.
const PURPOSE: &[u8] = b"altyn refusal code 1";

/// Digits and letters that are not taken for one another (Crockford's base 32), by value.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The same by the names that RFC 4648 gives them in base32hex.
const VALUES: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// Parameters that a code names by one byte. Codes outlive releases: append only, at most 254.
const FIELDS: &[&str] = &[
    "project_id",
    "signature",
    "payment_id",
    "payment_amount",
    "payment_currency",
    "customer_id",
    "mode",
    "best_before",
    "force_payment_method",
    "operation_type",
    "card_operation_type",
    "payment_description",
    "language_code",
    "hide",
    "customer_account_number",
    "customer_phone",
    "customer_email",
    "customer_country",
    "customer_first_name",
    "customer_last_name",
    "merchant_callback_url",
    "merchant_success_callback_url",
    "merchant_decline_callback_url",
    "merchant_success_url",
    "merchant_success_enabled",
    "merchant_success_redirect_mode",
    "merchant_fail_url",
    "merchant_fail_enabled",
    "merchant_fail_redirect_mode",
    "merchant_return_url",
    "merchant_return_enabled",
    "merchant_return_redirect_mode",
    "redirect_success_url",
    "redirect_success_enabled",
    "redirect_success_mode",
    "redirect_fail_url",
    "redirect_fail_enabled",
    "redirect_fail_mode",
];
/// No parameter.
const NO_FIELD: u8 = 0;
/// The name follows: its length and its bytes.
const NAMED: u8 = u8::MAX;

/// Seals and opens codes.
#[derive(Clone)]
pub struct RefusalCodes {
    newest: ChaCha20Poly1305,
    older: Vec<ChaCha20Poly1305>,
}

/// Why a code could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It has other characters, or is too short or too long.
    #[error("this is not a code of a refused link")]
    NotACode,
    /// It was changed, cut or made by another server, or its key is gone.
    #[error("no key of this server opens the code: it is incomplete or from elsewhere")]
    NotOurs,
    /// It is from a release that knows more.
    #[error("the code is from another release of the server")]
    NotUnderstood,
}

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// When the link was refused, to the second.
    pub at: Timestamp,
    /// Why.
    pub code: Code,
    /// The parameter at fault, cut when it is long and unknown.
    pub field: Option<String>,
    /// The project that the link named.
    pub project: Option<ProjectId>,
    /// The `payment_id` that the link named, cut when it is long.
    pub reference: Option<String>,
}

impl RefusalCodes {
    /// The newest key comes first: it seals, all of them open. Nothing when there is no key.
    pub fn new(keys: &[[u8; 32]]) -> Option<Self> {
        let (newest, older) = keys.split_first()?;
        Some(Self { newest: prepared(newest)?, older: older.iter().filter_map(prepared).collect() })
    }

    /// The code of a refusal. A nonce is random and used once.
    pub fn seal(&self, refusal: &LinkRefusal, at: Timestamp, nonce: [u8; NONCE_BYTES]) -> String {
        let plain = packed(refusal, at);
        let payload = Payload { msg: &plain, aad: PURPOSE };
        // The cipher only refuses gigabytes; a page without a code is still a page.
        let sealed = self.newest.encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        grouped(&BASE32HEX_NOPAD.encode(&bytes))
    }

    /// What a code says, however it was copied.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, text: &str) -> Result<Explained, OpenError> {
        let bytes = bytes_of(text).ok_or(OpenError::NotACode)?;
        let (nonce, sealed) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::NotACode)?;
        let nonce = Nonce::from(*nonce);
        let plain = std::iter::once(&self.newest)
            .chain(&self.older)
            .find_map(|key| key.decrypt(&nonce, Payload { msg: sealed, aad: PURPOSE }).ok());
        unpacked(&plain.ok_or(OpenError::NotOurs)?).ok_or(OpenError::NotUnderstood)
    }
}

fn prepared(key: &[u8; 32]) -> Option<ChaCha20Poly1305> {
    let derived = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    let derived = derived.chain_update(PURPOSE).finalize().into_bytes();
    ChaCha20Poly1305::new_from_slice(&derived).ok()
}

/// Code (2), seconds (4), project or zero (4), parameter (1 or more), `payment_id` (the rest).
fn packed(refusal: &LinkRefusal, at: Timestamp) -> Vec<u8> {
    let code: u16 = refusal.code.number().parse().unwrap_or_default();
    let seconds = at.as_seconds().saturating_sub(ID_EPOCH_SECONDS).max(0);
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    let project = refusal.project.map_or(0, ProjectId::get);
    let mut bytes = Vec::with_capacity(64);
    bytes.extend(code.to_be_bytes());
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(project.to_be_bytes());
    pack_field(&mut bytes, refusal.field.as_deref());
    let reference = refusal.reference.as_deref().unwrap_or_default();
    bytes.extend(cut(reference, REFERENCE_MAX_BYTES).bytes());
    bytes
}

fn pack_field(bytes: &mut Vec<u8>, field: Option<&str>) {
    let Some(name) = field else { return bytes.push(NO_FIELD) };
    let known = (1..NAMED).zip(FIELDS).find_map(|(at, field)| (*field == name).then_some(at));
    if let Some(at) = known {
        return bytes.push(at);
    }
    let name = cut(name, FIELD_MAX_BYTES);
    bytes.push(NAMED);
    bytes.push(u8::try_from(name.len()).unwrap_or_default());
    bytes.extend(name.bytes());
}

fn unpacked(bytes: &[u8]) -> Option<Explained> {
    let (code, bytes) = bytes.split_first_chunk::<2>()?;
    let (seconds, bytes) = bytes.split_first_chunk::<4>()?;
    let (project, bytes) = bytes.split_first_chunk::<4>()?;
    let (field, bytes) = unpack_field(bytes)?;
    let code = u16::from_be_bytes(*code).to_string();
    let seconds = i64::from(u32::from_be_bytes(*seconds)) + ID_EPOCH_SECONDS;
    let reference = std::str::from_utf8(bytes).ok()?;
    Some(Explained {
        at: Timestamp::from_millis(seconds * SECOND_MS),
        code: Code::ALL.iter().copied().find(|known| known.number() == code)?,
        field,
        project: ProjectId::new(u32::from_be_bytes(*project)),
        reference: (!reference.is_empty()).then(|| reference.to_owned()),
    })
}

fn unpack_field(bytes: &[u8]) -> Option<(Option<String>, &[u8])> {
    let (first, bytes) = bytes.split_first()?;
    match *first {
        NO_FIELD => Some((None, bytes)),
        NAMED => {
            let (length, bytes) = bytes.split_first()?;
            let (name, bytes) = bytes.split_at_checked(usize::from(*length))?;
            Some((Some(std::str::from_utf8(name).ok()?.to_owned()), bytes))
        }
        at => Some((Some((*FIELDS.get(usize::from(at) - 1)?).to_owned()), bytes)),
    }
}

/// The longest beginning of whole characters that fits.
fn cut(text: &str, most_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(most_bytes)).unwrap_or_default()
}

fn translated(byte: u8, from: &[u8; 32], to: &[u8; 32]) -> Option<u8> {
    from.iter().zip(to).find_map(|(from, to)| (*from == byte).then_some(*to))
}

fn grouped(values: &str) -> String {
    let mut text = String::with_capacity(values.len() + values.len() / GROUP);
    for (at, byte) in values.bytes().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.extend(translated(byte, VALUES, LETTERS).map(char::from));
    }
    text
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if text.len() > TEXT_MAX_BYTES {
        return None;
    }
    let said = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-');
    let values: Option<Vec<u8>> = said
        .map(|byte| {
            let letter = match byte.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            translated(letter, LETTERS, VALUES)
        })
        .collect();
    BASE32HEX_NOPAD.decode(&values?).ok()
}

impl Explained {
    /// Sentences for an operator.
    pub fn sentences(&self, lang: Lang) -> String {
        let time = jiff::Timestamp::from_millisecond(self.at.as_millis()).unwrap_or_default();
        let (number, message) = (self.code.number(), self.code.message());
        let mut text = lang.pick(
            format!("Ссылка на страницу оплаты отклонена {time}: {number} «{message}»."),
            format!("A link to the Payment Page was refused at {time}: {number} “{message}”."),
        );
        let mut add = |russian: &str, english: &str, value: &dyn std::fmt::Display| {
            // Writing to a String reports no error; the trait only has one to give.
            let _: std::fmt::Result = write!(text, " {}: {value}.", lang.pick(russian, english));
        };
        if let Some(field) = &self.field {
            add("Параметр", "Parameter", &printable(field));
        }
        if let Some(project) = self.project {
            add("Проект", "Project", &project);
        }
        if let Some(reference) = &self.reference {
            add("payment_id", "payment_id", &printable(reference));
        }
        if let Some((russian, english)) = advice(self.code) {
            text.push(' ');
            text.push_str(lang.pick(russian, english));
        }
        text
    }
}

/// Names and ids come from anybody and are printed to a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What a merchant should look at.
fn advice(code: Code) -> Option<(&'static str, &'static str)> {
    ADVICE
        .iter()
        .find_map(|(known, russian, english)| (*known == code).then_some((*russian, *english)))
}

const ADVICE: &[(Code, &str, &str)] = &[
    (
        Code::InvalidSignature,
        "Проверьте секретный ключ проекта и то, что параметры не меняются после подписи.",
        "Check the project's secret, and that nothing changes the parameters after signing.",
    ),
    (
        Code::EmptySignature,
        "В ссылке нет подписи: её надо добавить на сервере магазина.",
        "The link has no signature: the shop's server must add it.",
    ),
    (
        Code::ProjectNotFound,
        "Такого проекта нет на этом сервере.",
        "There is no such project on this server.",
    ),
    (
        Code::FieldMissing,
        "Магазин должен передать этот параметр.",
        "The shop must send this parameter.",
    ),
    (
        Code::ValidationError,
        "Значение параметра не соответствует описанию или адрес не разрешён проектом.",
        "The parameter's value breaks its description, or the project does not allow the address.",
    ),
    (
        Code::AutoDecline,
        "Срок действия ссылки истёк: магазин должен выдать новую.",
        "The link has expired: the shop must make a new one.",
    ),
    (
        Code::UnknownMethod,
        "Такого платёжного метода нет, или он не подключён к проекту.",
        "There is no such payment method, or the project does not have it.",
    ),
    (
        Code::NotAllowedByProject,
        "Этот режим страницы оплаты не поддерживается.",
        "This mode of the Payment Page is not supported.",
    ),
    (
        Code::MalformedRequest,
        "Ссылка испорчена: обрезана, слишком длинная, или параметр указан дважды.",
        "The link is damaged: cut, too long, or with a parameter twice.",
    ),
    (
        Code::InvalidCurrency,
        "Такой валюты нет: нужен код ISO 4217 из трёх букв.",
        "There is no such currency: three letters of ISO 4217 are needed.",
    ),
    (
        Code::PaymentExists,
        "Платёж с этим payment_id уже завершён или начат с другими параметрами.",
        "The payment with this payment_id has ended, or began with other parameters.",
    ),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_772_366_400_000);

    fn codes(keys: &[u8]) -> RefusalCodes {
        let keys: Vec<[u8; 32]> = keys.iter().map(|byte| [*byte; 32]).collect();
        RefusalCodes::new(&keys).unwrap()
    }

    fn refusal(code: Code, field: Option<&str>, project: u32, reference: &str) -> LinkRefusal {
        LinkRefusal {
            code,
            field: field.map(str::to_owned),
            detail: "not in the code".to_owned(),
            project: ProjectId::new(project),
            reference: (!reference.is_empty()).then(|| reference.to_owned()),
            signed: None,
        }
    }

    #[test]
    fn a_code_tells_what_was_refused() {
        let sent = refusal(Code::InvalidSignature, Some("payment_amount"), 250, "X03936");
        let text = codes(&[1]).seal(&sent, AT, [7; NONCE_BYTES]);
        assert!(text.len() < 90, "{text}");
        let opened = codes(&[1]).open(&text).unwrap();
        assert_eq!(
            opened,
            Explained {
                at: AT,
                code: Code::InvalidSignature,
                field: Some("payment_amount".to_owned()),
                project: ProjectId::new(250),
                reference: Some("X03936".to_owned()),
            }
        );
        assert_eq!(
            opened.sentences(Lang::English),
            "A link to the Payment Page was refused at 2026-03-01T12:00:00Z: 3261 “Invalid \
             signature”. Parameter: payment_amount. Project: 250. payment_id: X03936. Check the \
             project's secret, and that nothing changes the parameters after signing."
        );
        assert!(opened.sentences(Lang::Russian).contains("Проект: 250. payment_id: X03936."));
    }

    #[test]
    fn a_code_survives_being_read_aloud() {
        let codes = codes(&[1]);
        let sent = refusal(Code::FieldMissing, Some("customer_id"), 1, "заказ 5");
        let text = codes.seal(&sent, AT, [9; NONCE_BYTES]);
        let opened = codes.open(&text).unwrap();
        let misread = text.to_uppercase().replace('0', "O").replace('1', "l").replace('-', " ");
        assert_eq!(codes.open(&misread), Ok(opened));
        assert!(!text.contains(['i', 'l', 'o', 'u']));
    }

    #[test]
    fn only_the_right_keys_open_a_whole_code() {
        let sent = refusal(Code::EmptySignature, None, 5, "");
        let text = codes(&[1]).seal(&sent, AT, [3; NONCE_BYTES]);
        assert!(codes(&[2, 1]).open(&text).is_ok());
        assert_eq!(codes(&[2]).open(&text), Err(OpenError::NotOurs));
        assert_ne!(codes(&[2, 1]).seal(&sent, AT, [3; NONCE_BYTES]), text);
        for (at, old) in text.char_indices().filter(|(_, c)| *c != '-') {
            let new = if old == '0' { '2' } else { '0' };
            let other: String =
                text.char_indices().map(|(i, c)| if i == at { new } else { c }).collect();
            assert!(codes(&[1]).open(&other).is_err(), "{other}");
        }
        for text in ["", "-", "0", "zzzzz", "неверно", "u", &"0".repeat(500)] {
            assert_eq!(codes(&[1]).open(text), Err(OpenError::NotACode), "{text}");
        }
        assert!(RefusalCodes::new(&[]).is_none());
    }

    #[test]
    fn long_names_and_ids_are_cut_at_a_character() {
        let field = "я".repeat(100);
        let sent = refusal(Code::MalformedRequest, Some(&field), u32::MAX, &"ж".repeat(255));
        let opened = codes(&[1]).open(&codes(&[1]).seal(&sent, AT, [0; NONCE_BYTES])).unwrap();
        assert_eq!(opened.field, Some("я".repeat(12)));
        assert_eq!(opened.reference, Some("ж".repeat(16)));
        assert_eq!(opened.project, ProjectId::new(u32::MAX));
    }

    #[test]
    fn a_hostile_id_does_not_reach_the_terminal() {
        let sent = refusal(Code::InvalidSignature, Some("a\u{1b}[2J"), 1, "b\u{7}\nc");
        let opened = codes(&[1]).open(&codes(&[1]).seal(&sent, AT, [0; NONCE_BYTES])).unwrap();
        assert!(!opened.sentences(Lang::Russian).contains(char::is_control));
    }

    #[test]
    fn every_code_can_be_sealed() {
        for code in Code::ALL {
            let sent = refusal(*code, None, 1, "a");
            let opened = codes(&[1]).open(&codes(&[1]).seal(&sent, AT, [0; NONCE_BYTES])).unwrap();
            assert_eq!(opened.code, *code);
        }
        assert!(FIELDS.len() < usize::from(NAMED));
    }

    proptest! {
        #[test]
        fn whatever_is_refused_reads_back(
            field in proptest::option::of(".{0,40}"),
            project: u32,
            reference: String,
            seconds in ID_EPOCH_SECONDS..ID_EPOCH_SECONDS + i64::from(u32::MAX),
            nonce: [u8; NONCE_BYTES],
        ) {
            let sent = refusal(Code::ValidationError, field.as_deref(), project, &reference);
            let at = Timestamp::from_millis(seconds * SECOND_MS);
            let opened = codes(&[1]).open(&codes(&[1]).seal(&sent, at, nonce)).unwrap();
            prop_assert_eq!(opened.at, at);
            prop_assert_eq!(opened.project, ProjectId::new(project));
            prop_assert!(reference.starts_with(opened.reference.as_deref().unwrap_or_default()));
            let kept = opened.field.clone().unwrap_or_default();
            prop_assert!(field.unwrap_or_default().starts_with(&kept));
            opened.sentences(Lang::Russian);
        }

        #[test]
        fn no_text_panics(text: String, plain in "[0-9a-z-]{0,120}", bytes: Vec<u8>) {
            prop_assert!(codes(&[1]).open(&text).is_err());
            prop_assert!(codes(&[1]).open(&plain).is_err());
            unpacked(&bytes);
        }
    }
}
