//! What a signature needs to know of a tree, whichever type holds it.
//!
//! Two types do: [`Node`] for what we receive, with the raw text of numbers, and
//! [`serde_json::Value`] for what we write ourselves. One walk serves both, so a document of ours
//! cannot be signed by other rules than the ones we check with.

use std::borrow::Cow;

use serde_json::Value;

use super::super::tree::Node;

/// A value without children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The text of a number.
    Number(Cow<'t, str>),
    /// The content of a string.
    Text(&'t str),
}

/// The way from a container to one of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'t> {
    /// A position in a list, from 0.
    Index(usize),
    /// A key of an object.
    Name(&'t str),
}

/// A tree of values that can be signed.
pub trait Leafs {
    /// The value itself; nothing for a container.
    fn leaf(&self) -> Option<Leaf<'_>>;

    /// Shows the children of a container in the order they are held.
    fn each_child<'t>(&'t self, show: impl FnMut(Step<'t>, &'t Self));
}

impl Leafs for Node<'_> {
    fn leaf(&self) -> Option<Leaf<'_>> {
        match self {
            Node::Null => Some(Leaf::Null),
            Node::Bool(value) => Some(Leaf::Bool(*value)),
            Node::Number(raw) => Some(Leaf::Number(Cow::Borrowed(raw))),
            Node::Text(text) => Some(Leaf::Text(text)),
            Node::List(_) | Node::Object(_) => None,
        }
    }

    fn each_child<'t>(&'t self, mut show: impl FnMut(Step<'t>, &'t Self)) {
        for (index, item) in self.as_list().unwrap_or_default().iter().enumerate() {
            show(Step::Index(index), item);
        }
        for (key, member) in self.as_object().unwrap_or_default() {
            show(Step::Name(key), member);
        }
    }
}

impl Leafs for Value {
    fn leaf(&self) -> Option<Leaf<'_>> {
        match self {
            Value::Null => Some(Leaf::Null),
            Value::Bool(value) => Some(Leaf::Bool(*value)),
            Value::Number(number) => Some(Leaf::Number(Cow::Owned(number.to_string()))),
            Value::String(text) => Some(Leaf::Text(text)),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn each_child<'t>(&'t self, mut show: impl FnMut(Step<'t>, &'t Self)) {
        for (index, item) in self.as_array().into_iter().flatten().enumerate() {
            show(Step::Index(index), item);
        }
        for (key, member) in self.as_object().into_iter().flatten() {
            show(Step::Name(key), member);
        }
    }
}
