//! Codes by time (RFC 6238) and recovery codes: made, written down, compared.

use altyn_domain::time::Timestamp;
use data_encoding::BASE32_NOPAD;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::session::digest_of;
use crate::cabinet::Cabinet;
use crate::ports::PasswordError;
use crate::secret::Secret;

/// Bytes of the shared secret (RFC 4226: 160 bits).
const SECRET_BYTES: usize = 20;
/// Recovery codes of one user.
pub(super) const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code, 50 bits; a guess is throttled like one of a password.
const RECOVERY_CHARS: usize = 10;
/// Digits of a code by time.
const CODE_DIGITS: usize = 6;
/// Who a device says that the codes are for.
const ISSUER: &str = "Altyn";

/// Text of random base32 characters, each worth five bits.
pub(super) fn random_text(cabinet: &Cabinet, bytes: usize) -> Result<Secret, PasswordError> {
    let mut random = Zeroizing::new(vec![0_u8; bytes]);
    cabinet.randomness.fill(&mut random)?;
    Ok(Secret::new(BASE32_NOPAD.encode(&random)))
}

/// A new shared secret.
pub(super) fn random_secret(cabinet: &Cabinet) -> Result<Secret, PasswordError> {
    random_text(cabinet, SECRET_BYTES)
}

/// The address by which a device takes the secret over.
pub(super) fn address(login: &str, secret: &Secret) -> Secret {
    let login = escaped(login);
    Secret::new(format!(
        "otpauth://totp/{ISSUER}:{login}?secret={}&issuer={ISSUER}",
        secret.expose()
    ))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What somebody typed when he was asked for a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A code by time.
    Code(String),
    /// The digest of a recovery code.
    Recovery(String),
}

/// Reads it, however it is grouped.
pub(super) fn read(typed: &str) -> Option<Typed> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if plain.len() == CODE_DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Typed::Code(plain));
    }
    let is_recovery =
        plain.len() == RECOVERY_CHARS && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_recovery.then(|| Typed::Recovery(digest_of(&plain)))
}

/// The number of the period whose code this is: the present one, the one before or the one after.
pub(super) fn step_of(secret: &Secret, code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.as_seconds()).ok()?;
    i64::try_from(totp(secret)?.check(code, seconds)?).ok()
}

/// The library's own plan is ours: SHA-1, 6 digits, 30 seconds, a period early or late.
fn totp(secret: &Secret) -> Option<Totp> {
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(secret.expose().as_bytes()).ok()?);
    let bytes: [u8; SECRET_BYTES] = bytes.as_slice().try_into().ok()?;
    Builder::new().with_secret(bytes).build().ok()
}

/// New recovery codes, to be shown once, and their digests.
pub(super) fn recovery_codes(
    cabinet: &Cabinet,
) -> Result<(Vec<Secret>, Vec<String>), PasswordError> {
    let mut codes = Vec::new();
    let mut digests = Vec::new();
    while codes.len() < RECOVERY_CODES {
        let text = random_text(cabinet, RECOVERY_CHARS)?;
        let text: Zeroizing<String> =
            Zeroizing::new(text.expose().chars().take(RECOVERY_CHARS).collect());
        let (front, back) = text.split_at_checked(RECOVERY_CHARS / 2).unwrap_or_default();
        digests.push(digest_of(&text));
        codes.push(Secret::new(format!("{front}-{back}")));
    }
    Ok((codes, digests))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the SHA-1 vectors, whose eight digits end in the six of ours.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = Secret::new(BASE32_NOPAD.encode(b"12345678901234567890"));
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |second: i64| Timestamp::from_millis(second * 1_000);
            assert_eq!(step_of(&secret, code, at(second)), Some(second / 30), "{second}");
            assert_eq!(step_of(&secret, code, at(second - 30)), Some(second / 30), "a period late");
            assert_eq!(step_of(&secret, code, at(second + 30)), Some(second / 30), "one early");
            assert_eq!(step_of(&secret, code, at(second + 90)), None, "{second}");
        }
        assert_eq!(step_of(&Secret::new("AAAA"), "287082", Timestamp::from_millis(59_000)), None);
        assert_eq!(step_of(&Secret::new("щ"), "287082", Timestamp::from_millis(59_000)), None);
    }

    #[test]
    fn codes_are_read_however_they_are_grouped() {
        let code = |text: &str| Some(Typed::Code(text.to_owned()));
        let recovery = Some(Typed::Recovery(digest_of("ABCDE23456")));
        for (typed, read_as) in [
            ("287082", code("287082")),
            (" 287 082 ", code("287082")),
            ("abcde-23456", recovery),
            ("28708", None),
            ("", None),
            ("ＡＢＣＤＥ-23456", None),
            ("²87082", None),
            ("abcde-23456-7", None),
        ] {
            assert_eq!(read(typed), read_as, "{typed:?}");
        }
    }

    #[test]
    fn the_address_carries_any_login() {
        let made = address("иван+1@shop", &Secret::new("ABC"));
        assert_eq!(
            made.expose(),
            "otpauth://totp/Altyn:%D0%B8%D0%B2%D0%B0%D0%BD%2B1%40shop?secret=ABC&issuer=Altyn",
        );
    }
}
