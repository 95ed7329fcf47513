//! What the fields of the contract are, in Russian; in English the types' own comments say it.

/// The description of a field by the schema that has it; empty for one that is not listed, which a
/// test does not let happen.
pub fn about(key: &str) -> &'static str {
    FIELDS.iter().find(|(known, _)| *known == key).map_or("", |(_, about)| about)
}

/// Every field of the contract.
pub const FIELDS: &[(&str, &str)] = &[];
