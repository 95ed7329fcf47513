//! Just enough HTML to read a page as a browser without scripts does: its tags, its forms.

/// A tag with its attributes, and the text up to the next one.
#[derive(Clone, Debug)]
pub struct Tag {
    /// `input`, `/form`.
    pub name: String,
    /// Names and values, resolved; a name without a value has an empty one.
    pub attributes: Vec<(String, String)>,
    /// Resolved.
    pub text: String,
}

impl Tag {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Every tag of a page.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, after) = tag_end(after);
        let text = after.split('<').next().unwrap_or_default();
        if !inside.starts_with('!') {
            tags.push(tag(inside, text));
        }
        rest = after;
    }
    tags
}

/// What is inside of a tag, and what comes after it: a `>` in quotes ends nothing.
fn tag_end(text: &str) -> (&str, &str) {
    let mut quoted = None;
    for (at, character) in text.char_indices() {
        match (quoted, character) {
            (None, '>') => {
                let (inside, after) = text.split_at(at);
                return (inside, after.strip_prefix('>').unwrap_or(after));
            }
            (None, '"' | '\'') => quoted = Some(character),
            (Some(quote), own) if quote == own => quoted = None,
            (_, _) => {}
        }
    }
    (text, "")
}

fn tag(inside: &str, text: &str) -> Tag {
    let name: String = inside.chars().take_while(|c| !c.is_whitespace()).collect();
    let mut rest = inside.strip_prefix(name.as_str()).unwrap_or_default().trim_start();
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let own: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != '=').collect();
        rest = rest.strip_prefix(own.as_str()).unwrap_or_default();
        let mut value = "";
        if let Some(after) = rest.strip_prefix("=\"") {
            (value, rest) = after.split_once('"').unwrap_or((after, ""));
        } else if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
        }
        attributes.push((own.to_lowercase(), plain(value)));
        rest = rest.trim_start();
    }
    Tag { name: name.to_lowercase(), attributes, text: plain(text) }
}

/// Resolves character references.
fn plain(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
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
        "nbsp" => Some('\u{a0}'),
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

/// A form as it stands.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// Its own attributes.
    pub tag: Tag,
    /// What is sent: names and values of its inputs.
    pub fields: Vec<(String, String)>,
    /// What a press on each of its buttons adds.
    buttons: Vec<(String, String)>,
}

/// Every form of a page.
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open: Option<Form> = None;
    for tag in tags(html) {
        let pair = || {
            let value = tag.get("value").unwrap_or_default().to_owned();
            Some((tag.get("name")?.to_owned(), value))
        };
        match (tag.name.as_str(), &mut open) {
            ("form", _) => {
                let action = tag.get("action").unwrap_or_default().to_owned();
                open = Some(Form { action, tag, fields: Vec::new(), buttons: Vec::new() });
            }
            ("input", Some(form)) => form.fields.extend(pair()),
            ("button", Some(form)) => form.buttons.extend(pair()),
            ("/form", Some(_)) => forms.extend(open.take()),
            (_, _) => {}
        }
    }
    forms
}

impl Form {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The same with something else in fields that it has.
    pub fn filled(&self, entries: &[(&str, &str)]) -> Self {
        let mut form = self.clone();
        for (name, value) in entries {
            let field = form.fields.iter_mut().find(|(own, _)| own == name);
            *field.map(|(_, value)| value).unwrap_or_else(|| panic!("no {name} in {self:?}")) =
                (*value).to_owned();
        }
        form
    }

    /// The same with one of its named buttons pressed.
    pub fn pressed(&self, value: &str) -> Self {
        let button = self.buttons.iter().find(|(_, own)| own == value);
        let button = button.unwrap_or_else(|| panic!("no button {value} in {self:?}")).clone();
        let mut form = self.clone();
        form.fields.push(button);
        form
    }
}
