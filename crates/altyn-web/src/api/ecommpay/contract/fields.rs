//! The fields of a schema as rows: what a page prints and what a test sends.

use serde_json::Value;

/// Deeper than any of our schemas; a guard against one that refers to itself.
const DEEPEST: usize = 8;

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name from the top, joined with dots; `[]` marks a list.
    pub path: String,
    /// The schema that has it and its name there, `Customer.phone`: what a translation goes by.
    pub key: String,
    /// Whether a body without it is refused (as far as the object around it is there).
    pub required: bool,
    /// Its schema, references resolved.
    pub schema: Value,
}

impl Field {
    /// The JSON types it may have, `null` among them.
    pub fn types(&self) -> Vec<&str> {
        match self.schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Vec::new()
            }
        }
    }

    /// Its description in English.
    pub fn description(&self) -> &str {
        self.text("description")
    }

    /// A text of its schema; empty when it has none.
    pub fn text(&self, name: &str) -> &str {
        self.schema.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A whole number of its schema.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.schema.get(name).and_then(Value::as_i64)
    }
}

/// Every field of the schema called `name` in the OpenAPI document, objects before what is in them.
pub fn fields(document: &Value, name: &str) -> Vec<Field> {
    let mut found = Vec::new();
    gather(document, (name, component(document, name)), "", DEEPEST, &mut found);
    found
}

fn component<'d>(document: &'d Value, name: &str) -> &'d Value {
    document.pointer(&format!("/components/schemas/{name}")).unwrap_or(&Value::Null)
}

fn gather(
    document: &Value,
    (owner, schema): (&str, &Value),
    above: &str,
    depth: usize,
    found: &mut Vec<Field>,
) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut names: Vec<&String> = properties.keys().collect();
    names.sort_by_key(|name| rank(name, &required, above.is_empty()));
    for name in names {
        let Some(own) = properties.get(name) else { continue };
        let (below, resolved) = resolve(document, own);
        let list = resolved.get("items");
        let mark = if list.is_some() { "[]" } else { "" };
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        found.push(Field {
            path: path.clone(),
            key: format!("{owner}.{name}"),
            required: required.contains(&name.as_str()),
            schema: resolved.clone(),
        });
        let (below, inner) =
            list.map_or((below, resolved.clone()), |items| resolve(document, items));
        if depth > 0 {
            let below = below.unwrap_or(owner);
            gather(document, (below, &inner), &format!("{path}{mark}"), depth - 1, found);
        }
    }
}

/// Where a field stands: the familiar objects first, then what is required, then by name.
fn rank(name: &str, required: &[&str], top: bool) -> (usize, bool, String) {
    const FAMILIAR: [&str; 5] = ["project_id", "general", "payment", "customer", "operation"];
    let place = FAMILIAR.iter().position(|familiar| *familiar == name).filter(|_| top);
    let last = usize::from(name == "signature");
    (place.unwrap_or(FAMILIAR.len() + last), !required.contains(&name), name.to_owned())
}

/// The schema behind a reference, or behind the choice between a reference and null, with the
/// description and types that stand beside the reference; and the name it goes by.
fn resolve<'d>(document: &'d Value, own: &'d Value) -> (Option<&'d str>, Value) {
    let chosen = own
        .get("oneOf")
        .and_then(Value::as_array)
        .and_then(|choices| choices.iter().find(|choice| choice.get("$ref").is_some()));
    let reference = chosen.unwrap_or(own).get("$ref").and_then(Value::as_str);
    let Some(name) = reference.and_then(|path| path.rsplit('/').next()) else {
        return (None, own.clone());
    };
    let mut resolved = component(document, name).clone();
    let beside = [own, chosen.unwrap_or(own)];
    let description = beside.iter().find_map(|schema| schema.get("description"));
    if let Some(object) = resolved.as_object_mut() {
        if let Some(description) = description {
            object.insert("description".to_owned(), description.clone());
        }
        if chosen.is_some() {
            object.insert("type".to_owned(), serde_json::json!(["object", "null"]));
        }
    }
    (Some(name), resolved)
}
