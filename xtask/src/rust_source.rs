//! Just enough reading of Rust to measure functions: no grammar, only comments, literals, braces.
//!
//! What it does not understand: braces inside a signature's const generics, and functions that a
//! macro assembles from pieces. Neither hides a long function written in the usual way.

/// A function with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name alone.
    pub name: String,
    /// Where the word `fn` stands, counted from 1.
    pub line: usize,
    /// From the line of `fn` to the line of the closing brace, both included.
    pub lines: usize,
}

/// The text with every comment and literal turned to spaces; line breaks stay where they are.
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut blanked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&here) = chars.get(at) {
        let end = skip(&chars, at);
        if end == at {
            blanked.push(here);
            at += 1;
        } else {
            let hidden = chars.iter().take(end).skip(at);
            blanked.extend(hidden.map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    blanked
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn skip(chars: &[char], at: usize) -> usize {
    let char_at = |index: usize| chars.get(index).copied();
    match (char_at(at), char_at(at + 1)) {
        (Some('/'), Some('/')) => find(chars, at, |index| char_at(index) == Some('\n')),
        (Some('/'), Some('*')) => end_of_block_comment(chars, at),
        (Some('"'), _) => end_of_quoted(chars, at, '"'),
        (Some('\''), Some('\\')) => end_of_quoted(chars, at, '\''),
        // Otherwise it is a lifetime.
        (Some('\''), _) if char_at(at + 2) == Some('\'') => at + 3,
        (Some('r'), Some('"' | '#')) if starts_prefix(chars, at) => end_of_raw(chars, at),
        _ => at,
    }
}

/// Whether the `r` at `at` begins a word, or follows the `b` or `c` that does.
fn starts_prefix(chars: &[char], at: usize) -> bool {
    let in_word = |index: Option<usize>| {
        index.and_then(|index| chars.get(index)).is_some_and(|&c| is_word(c))
    };
    let before = at.checked_sub(1);
    let letter = before.and_then(|index| chars.get(index));
    !in_word(before) || (matches!(letter, Some('b' | 'c')) && !in_word(at.checked_sub(2)))
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < chars.len() {
        match (chars.get(at), chars.get(at + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                at += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

fn end_of_quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while let Some(&c) = chars.get(at) {
        if c == quote {
            return at + 1;
        }
        at += if c == '\\' { 2 } else { 1 };
    }
    chars.len()
}

fn end_of_raw(chars: &[char], start: usize) -> usize {
    let hashes = chars.iter().skip(start + 1).take_while(|&&c| c == '#').count();
    let quote = start + 1 + hashes;
    if chars.get(quote) != Some(&'"') {
        return start; // a raw identifier
    }
    let closes = |index: usize| {
        chars.get(index) == Some(&'"')
            && chars.iter().skip(index + 1).take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    (find(chars, quote + 1, closes) + 1 + hashes).min(chars.len())
}

/// The first index from `start` that fits, or the length.
fn find(chars: &[char], start: usize, fits: impl Fn(usize) -> bool) -> usize {
    (start..chars.len()).find(|&index| fits(index)).unwrap_or(chars.len())
}

/// Whether `c` can stand inside an identifier.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every function with a body, nested ones as well, in the order of their first lines.
pub fn functions(text: &str) -> Vec<Function> {
    let chars: Vec<char> = blank(text).chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    for (at, &c) in chars.iter().enumerate() {
        if c == '\n' {
            line += 1;
        }
        if let Some((name, lines)) = function_at(&chars, at) {
            found.push(Function { name, line, lines });
        }
    }
    found
}

/// The name and length of the function whose `fn` stands at `at`.
fn function_at(chars: &[char], at: usize) -> Option<(String, usize)> {
    let begins_word =
        at.checked_sub(1).and_then(|index| chars.get(index)).is_none_or(|&c| !is_word(c));
    if !begins_word || chars.get(at..at + 2)? != ['f', 'n'] || !chars.get(at + 2)?.is_whitespace() {
        return None;
    }
    let name: String = chars
        .iter()
        .skip(at + 2)
        .skip_while(|c| c.is_whitespace())
        .take_while(|&&c| is_word(c))
        .collect();
    if name.is_empty() {
        return None;
    }
    let open = body_of(chars, at)?;
    let mut depth = 0_usize;
    for (index, &c) in chars.iter().enumerate().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let breaks = chars.iter().take(index).skip(at).filter(|&&c| c == '\n').count();
            return Some((name, breaks + 1));
        }
    }
    None
}

/// The brace that opens the body; none where a `;` ends the declaration first.
fn body_of(chars: &[char], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (index, &c) in chars.iter().enumerate().skip(at) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(index),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{blank, functions};

    fn check(text: &str, expected: &[(&str, usize, usize)]) {
        let found: Vec<_> = functions(text)
            .into_iter()
            .map(|function| (function.name, function.line, function.lines))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|&(name, line, lines)| (name.to_owned(), line, lines)).collect();
        assert_eq!(found, expected, "in {text}");
    }

    #[test]
    fn functions_are_measured() {
        check("fn one() {}", &[("one", 1, 1)]);
        check("\npub fn two(\n    a: [u8; 4],\n) -> u8 {\n    a[0]\n}\n", &[("two", 2, 5)]);
        check("trait T {\n    fn declared(&self) -> [u8; 2];\n}", &[]);
        check("type F = fn (u8) -> u8; struct often {}", &[]);
        check("fn outer() {\n    fn inner() {\n    }\n}", &[("outer", 1, 4), ("inner", 2, 2)]);
    }

    #[test]
    fn braces_that_are_not_code_do_not_count() {
        check("fn a() {\n    let x = \"}\";\n}", &[("a", 1, 3)]);
        check("fn a() {\n    let x = r#\"}\"}\"#;\n}", &[("a", 1, 3)]);
        check("fn a<'x>(v: &'x str) {\n    let x = ['}', '\\'', '\"'];\n}", &[("a", 1, 3)]);
        check("fn a() {\n    // }\n    /* } /* } */ } */\n}", &[("a", 1, 4)]);
        check("fn a() {\n    let r#type = br\"}\";\n}", &[("a", 1, 3)]);
        check("// fn commented() {}\nlet text = \"fn quoted() {}\";", &[]);
    }

    #[test]
    fn blanking_keeps_every_line_and_the_code() {
        assert_eq!(blank("a // b\nc /* d\ne */ f \"g\\\"h\" i"), "a     \nc     \n     f        i");
    }
}
