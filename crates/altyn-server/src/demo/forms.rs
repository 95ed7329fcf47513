//! Just enough HTML to press a button on the emulators' pages: the first form of a page, its
//! fields, its first button.

/// A form, filled in as it stands, with its first button pressed.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// The label of the button.
    pub button: String,
    /// What is sent: the fields and the button.
    pub fields: Vec<(String, String)>,
}

/// The first form of a page.
pub fn first(html: &str) -> Option<Form> {
    let (_, rest) = html.split_once("<form ")?;
    let (form, _) = rest.split_once("</form>")?;
    let (head, inside) = form.split_once('>')?;
    let mut fields = Vec::new();
    let mut button = None;
    for piece in inside.split('<') {
        let Some((tag, text)) = piece.split_once('>') else { continue };
        let is_button = tag.starts_with("button");
        if !tag.starts_with("input") && (!is_button || button.is_some()) {
            continue;
        }
        if is_button {
            button = Some(plain(text.trim()));
        }
        if let Some(name) = attribute(tag, "name") {
            fields.push((name, attribute(tag, "value").unwrap_or_default()));
        }
    }
    Some(Form { action: attribute(head, "action")?, button: button?, fields })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    // The blank keeps `name` from being found inside another name.
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).or_else(|| {
        let rest = tag.strip_prefix(name)?.strip_prefix("=\"")?;
        Some(("", rest))
    })?;
    rest.split_once('"').map(|(value, _)| plain(value))
}

/// Resolves character references.
fn plain(text: &str) -> String {
    let mut resolved = String::new();
    let mut pieces = text.split('&');
    resolved.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest))) {
            Some((character, rest)) => {
                resolved.push(character);
                resolved.push_str(rest);
            }
            None => {
                resolved.push('&');
                resolved.push_str(piece);
            }
        }
    }
    resolved
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_is_pressed() {
        let page = r#"<p>Choose</p>
            <form method="post" action="/checkout/?orderId=1&#38;lang=ru" class="actions">
            <input type="hidden" name="order" value="&lt;a&gt; &quot;b&quot; &#x27;c&#39; &amp;d; &e">
            <input name="code" required>
            <button class="primary" name="action" value="pay">Success</button>
            <button class="plain" name="action" value="cancel">Отмена</button>
            </form><form action="/other"><button>No</button></form>"#;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Form {
            action: "/checkout/?orderId=1&lang=ru".to_owned(),
            button: "Success".to_owned(),
            fields: vec![
                pair("order", r#"<a> "b" 'c' &d; &e"#),
                pair("code", ""),
                pair("action", "pay"),
            ],
        };
        assert_eq!(first(page), Some(expected));
    }

    #[test]
    fn a_page_without_a_button_has_nothing_to_press() {
        for page in ["", "<p>done</p>", "<form action=\"/\"></form>", "<form >", "<form a"] {
            assert_eq!(first(page), None, "{page}");
        }
    }
}
