//! Texts that any of the formats can hold, and that no spreadsheet takes for a formula.

use std::borrow::Cow;

/// The longest text of a cell, UTF-16 units: more is cut, as Excel itself would.
pub const TEXT_MAX: usize = 32_767;

/// What every format can hold: without the characters that XML forbids, with one kind of line
/// break, and not too long. The same in all formats, so that they agree.
pub fn clean(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte >= b' ' && byte != NONCHARACTER_LEAD;
    if text.len() <= TEXT_MAX && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len().min(4 * TEXT_MAX));
    let (mut units, mut after_return) = (0, false);
    for character in text.chars() {
        let broken = after_return && character == '\n';
        after_return = character == '\r';
        let character = if after_return { '\n' } else { character };
        if broken || !is_allowed(character) {
            continue;
        }
        units += character.len_utf16();
        if units > TEXT_MAX {
            break;
        }
        clean.push(character);
    }
    Cow::Owned(clean)
}

/// How U+FFFE and U+FFFF begin in UTF-8.
const NONCHARACTER_LEAD: u8 = 0xEF;

/// Whether XML 1.0 has this character.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n')
        || (character >= ' ' && !matches!(character, '\u{FFFE}' | '\u{FFFF}'))
}

/// With an apostrophe before each part that a spreadsheet would compute: the whole text, and what
/// follows a character at which a spreadsheet may split the line, because it takes another separator
/// than the file has. It changes what the cell says by one character for each and nothing else:
/// `+79991234567` stays readable as `'+79991234567`.
pub fn defused(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut safe = String::new();
    let (mut kept, mut begins) = (0, true);
    for (at, character) in text.char_indices() {
        let is_separator = SEPARATORS.contains(&character);
        if begins && FORMULA_LEADS.contains(&character) && (at == 0 || !is_separator) {
            safe.push_str(text.get(kept..at).unwrap_or_default());
            safe.push('\'');
            kept = at;
        }
        begins = is_separator || (begins && at > 0 && is_skipped(character));
    }
    if safe.is_empty() {
        return text;
    }
    safe.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(safe)
}

/// What importers take off before they look at a field that was split.
fn is_skipped(character: char) -> bool {
    character.is_whitespace() || character == '"'
}

/// At which importers split a line, or end it.
const SEPARATORS: [char; 6] = [';', ',', '\t', '|', '\r', '\n'];

/// What begins a formula in Excel and in LibreOffice; the wide forms do in East Asian settings, and
/// what breaks a field makes some importers look again at what follows.
const FORMULA_LEADS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Whichever one separator a spreadsheet takes, and whatever it takes off a field's ends:
        /// no field begins a formula, and what was said is still there.
        #[test]
        fn no_field_is_computed(
            text in proptest::prop_oneof![
                "\\PC{0,40}",
                "[=+@;,|\t\n\" '\u{a0}＝＋－＠a1-]{0,40}",
            ],
        ) {
            let safe = defused(text.as_str().into()).into_owned();
            proptest::prop_assert_eq!(safe.replace('\'', ""), text.replace('\'', ""));
            for separator in [None, Some(';'), Some(','), Some('\t'), Some('|')] {
                let ends = |character: char| character == '\n' || Some(character) == separator;
                for (at, field) in safe.split(ends).enumerate() {
                    let field = if at == 0 { field } else {
                        field.trim_start_matches(|is: char| is.is_whitespace() || is == '"')
                    };
                    let computed = field.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
                    proptest::prop_assert!(!computed, "{text:?} became {safe:?}");
                }
            }
        }

        #[test]
        fn whatever_is_cleaned_can_be_held(text: String) {
            let clean = clean(&text);
            let units = clean.encode_utf16().count();
            proptest::prop_assert!(units <= TEXT_MAX && clean.chars().all(is_allowed));
            proptest::prop_assert_eq!(super::clean(&clean), clean.clone());
        }
    }

    #[test]
    fn what_cannot_be_held_is_removed() {
        for (text, expected) in [
            ("Иванов Пётр", "Иванов Пётр"),
            ("a\u{0}\u{1}\u{8}\u{B}\u{C}\u{1F}b", "ab"),
            ("a\r\nb\rc\nd\r\re", "a\nb\nc\nd\n\ne"),
            ("tab\there", "tab\there"),
            ("a\u{FFFE}\u{FFFF}b\u{FFFD}", "ab\u{FFFD}"),
            ("смех 😂", "смех 😂"),
            ("", ""),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let longest = "a".repeat(TEXT_MAX);
        assert_eq!(clean(&longest), longest);
        assert_eq!(clean(&format!("{longest}b")), longest);
        let cyrillic = "я".repeat(TEXT_MAX);
        assert_eq!(clean(&cyrillic), cyrillic);
        let pairs = clean(&"😂".repeat(TEXT_MAX)).into_owned();
        assert_eq!(pairs.encode_utf16().count(), TEXT_MAX - 1);
    }

    #[test]
    fn formulas_are_defused() {
        for text in
            ["=1+1", "+79991234567", "-2", "@SUM(A1)", "\tx", "\nx", "＝1", "＋1", "－1", "＠1"]
        {
            assert_eq!(defused(text.into()), format!("'{text}"));
        }
        for text in ["", "1=1", "a+b", "'=1", " =1", "79991234567", "a;'=1", "a, b", ";", "a; b-c"]
        {
            assert_eq!(defused(text.into()), text);
        }
        // Where another separator would make a field of its own.
        for (text, expected) in [
            ("a;=1+1", "a;'=1+1"),
            ("a,+7", "a,'+7"),
            ("a\t@SUM(A1)", "a\t'@SUM(A1)"),
            ("a\n-2", "a\n'-2"),
            ("a|=1", "a|'=1"),
            ("a; \u{A0}=1", "a; \u{A0}'=1"),
            ("a;\"=1\"", "a;\"'=1\""),
            ("a;＝1", "a;'＝1"),
            ("=1;=2,-3", "'=1;'=2,'-3"),
            ("\t\t=1", "'\t\t'=1"),
            ("a;;=1", "a;;'=1"),
        ] {
            assert_eq!(defused(text.into()), expected);
        }
    }
}
