//! The colours: the same as on every other page, and readable in light and dark.

use std::collections::BTreeMap;

use super::super::STYLE;

const HOUSE: &str = include_str!("../../../../static/altyn.css");
const CABINET: &str = include_str!("../../../../static/cabinet.css");

/// The custom properties of the first (`0`) or second (`1`) block that has them.
fn tokens(css: &str, block: usize) -> BTreeMap<&str, &str> {
    let block = css.split(":root {").nth(block + 1).unwrap().split('}').next().unwrap();
    block
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "))
        .collect()
}

#[test]
fn tokens_are_those_of_the_house() {
    for block in [0, 1] {
        for style in [STYLE, CABINET] {
            let own = tokens(style, block);
            for (name, value) in tokens(HOUSE, block) {
                assert_eq!(own.get(name), Some(&value), "--{name}");
            }
        }
    }
}

/// The relative luminance of `#rrggbb` (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = u8::from_str_radix(colour.get(at..at + 2).unwrap(), 16).unwrap();
        let part = f64::from(value) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_is_readable() {
    const TEXT: f64 = 4.5;
    const SHAPE: f64 = 3.0;
    for (style, block) in [(STYLE, 0), (STYLE, 1), (CABINET, 0), (CABINET, 1)] {
        let tokens = tokens(style, block);
        let colour = |name: &str| tokens.get(name).copied().unwrap();
        for sheet in ["page", "raised"] {
            for text in ["text", "quiet", "accent", "success", "waiting", "problem", "returned"] {
                let ratio = contrast(colour(text), colour(sheet));
                assert!(ratio >= TEXT, "{block}: {text} on {sheet} is {ratio:.2}");
            }
            let ratio = contrast(colour("edge"), colour(sheet));
            assert!(ratio >= SHAPE, "{block}: edge on {sheet} is {ratio:.2}");
        }
        let ratio = contrast(colour("on-accent"), colour("accent"));
        assert!(ratio >= TEXT, "{block}: the button is {ratio:.2}");
    }
}
