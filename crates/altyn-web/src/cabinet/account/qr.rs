//! A text as a code for a camera, drawn without any other library's markup.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light around the code, in modules, as the standard asks.
const QUIET: usize = 4;

/// A code as one path.
#[derive(Clone, Debug)]
pub struct Code {
    /// Its side with the light around it, in modules.
    pub side: usize,
    /// `d` of the path, a module a unit.
    pub path: String,
}

impl Code {
    /// Draws a text; `None` when it is too long for any code.
    pub fn of(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::with_capacity(width * width * 6);
        for (at, color) in code.to_colors().iter().enumerate() {
            if *color == Color::Dark {
                let (x, y) = (at % width + QUIET, at / width + QUIET);
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Some(Self { side: width + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners() {
        let code = Code::of("otpauth://totp/Altyn:a?secret=ABC&issuer=Altyn").unwrap();
        let last = code.side - QUIET - 1;
        for (x, y) in [(QUIET, QUIET), (last, QUIET), (QUIET, last)] {
            assert!(code.path.contains(&format!("M{x} {y}h1")), "{x} {y}");
        }
        assert!(code.path.bytes().all(|b| b.is_ascii_digit() || b"M hvz-".contains(&b)));
        assert!(Code::of("").is_none());
        assert!(Code::of(&"x".repeat(4_000)).is_none());
    }
}
