//! The two languages of the pages: Russian first, English beside it.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Russian.
    Russian,
    /// English.
    English,
}

impl Lang {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Russian, Self::English];

    /// What the address asks for (`?lang=en`), else what the browser likes best of the two, else
    /// Russian.
    pub fn of(headers: &HeaderMap, asked: Option<&str>) -> Self {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        asked.and_then(Self::parse).or_else(|| best(accepted?)).unwrap_or(Self::Russian)
    }

    /// Two letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Russian => "ru",
            Self::English => "en",
        }
    }

    /// The one of this language.
    pub fn pick<T>(self, russian: T, english: T) -> T {
        match self {
            Self::Russian => russian,
            Self::English => english,
        }
    }

    /// Reads `ru`, `en-GB` and the like.
    fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        Self::ALL.iter().copied().find(|lang| primary.eq_ignore_ascii_case(lang.code()))
    }
}

/// The first of the highest weight among the languages we have; weight 0 means: not this one.
fn best(accepted: &str) -> Option<Lang> {
    let mut found: Option<(u32, Lang)> = None;
    for range in accepted.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let Some(lang) = Lang::parse(tag) else { continue };
        let weight = weight(parameters);
        if weight > found.map_or(0, |(weight, _)| weight) {
            found = Some((weight, lang));
        }
    }
    found.map(|(_, lang)| lang)
}

/// `q=0.8` in thousandths; all of it when nothing is said.
fn weight(parameters: &str) -> u32 {
    let Some(text) = parameters.trim().strip_prefix("q=") else { return 1_000 };
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, part.parse::<u32>()) {
        ("0", Ok(thousandths)) => thousandths,
        ("1", _) => 1_000,
        (_, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_what_was_asked_for() {
        for (accepted, asked, expected) in [
            ("", None, Lang::Russian),
            ("ru", None, Lang::Russian),
            ("en", None, Lang::English),
            ("en-US,en;q=0.9,ru;q=0.8", None, Lang::English),
            ("fr-FR, en;q=0.1, ru;q=0.9", None, Lang::Russian),
            ("de", None, Lang::Russian),
            ("ven, brunei", None, Lang::Russian),
            ("en;q=0, ru;q=0.1", None, Lang::Russian),
            ("ru;q=0.5,en;q=0.5", None, Lang::Russian),
            ("ru", Some("en"), Lang::English),
            ("en", Some("ru"), Lang::Russian),
            ("en", Some("tlh"), Lang::English),
            ("en;q=;;,q", None, Lang::Russian),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = accepted.parse() {
                headers.insert(ACCEPT_LANGUAGE, value);
            }
            assert_eq!(Lang::of(&headers, asked), expected, "{accepted:?} {asked:?}");
        }
    }
}
