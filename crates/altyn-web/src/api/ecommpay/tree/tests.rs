//! What the reader keeps, and what it refuses.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn refusal(body: &str) -> TreeError {
    parse(body.as_bytes()).unwrap_err()
}

fn is_borrowed(node: &Node<'_>) -> bool {
    matches!(node, Node::Text(Cow::Borrowed(_)))
}

#[test]
fn numbers_keep_their_text() {
    for raw in ["0", "-0", "1.0", "10.50", "1E+2", "9007199254740993", "1e400", "-12.5e-3"] {
        let body = format!("{{\"n\": {raw} }}");
        assert_eq!(parse(body.as_bytes()).unwrap().at(&["n"]).unwrap().as_number(), Some(raw));
    }
    let long = "7".repeat(300);
    let body = format!("[{long}]").replace('[', "{\"n\":").replace(']', "}");
    assert_eq!(parse(body.as_bytes()).unwrap().get("n").unwrap().as_number(), Some(long.as_str()));
}

#[test]
fn escapes_are_resolved_and_the_rest_is_borrowed() {
    let body = r#"{"plain":"Иван 🚀","":"","esc\u0061ped":"a\/b\n\u0418\ud83d\ude80\u0000"}"#;
    let tree = parse(body.as_bytes()).unwrap();
    assert!(is_borrowed(tree.get("plain").unwrap()));
    assert!(is_borrowed(tree.get("").unwrap()));
    let escaped = tree.get("escaped").unwrap();
    assert_eq!(escaped.as_text(), Some("a/b\nИ🚀\0"));
    assert!(!is_borrowed(escaped));
    assert!(
        tree.as_object()
            .unwrap()
            .iter()
            .all(|(key, _)| { matches!(key, Cow::Borrowed(_)) == (key != "escaped") })
    );
}

#[test]
fn paths_lead_to_values() {
    let tree = parse(br#"{"a":{"b":[{"c":"x"},true,null]},"0":1}"#).unwrap();
    assert_eq!(tree.at(&["a", "b", "0", "c"]).and_then(Node::as_text), Some("x"));
    assert_eq!(tree.at(&["0"]).and_then(Node::as_number), Some("1"));
    assert_eq!(tree.at(&[]), Some(&tree));
    for path in [&["a", "b", "3"][..], &["a", "b", "c"], &["a", "x"], &["0", "0"]] {
        assert_eq!(tree.at(path), None, "{path:?}");
    }
    let kinds: Vec<&str> =
        tree.at(&["a", "b"]).unwrap().as_list().unwrap().iter().map(Node::kind).collect();
    assert_eq!(kinds, ["object", "boolean", "null"]);
}

#[test]
fn duplicate_keys_are_refused_wherever_they_are() {
    for (body, path) in [
        (r#"{"a":1,"a":1}"#, "a"),
        (r#"{"a":1,"\u0061":2}"#, "a"),
        (r#"{"general":{"project_id":1,"payment_id":"x","project_id":2}}"#, "general.project_id"),
        (r#"{"l":[{"x":1},{"y":[{"z":1,"z":2}]}]}"#, "l.1.y.0.z"),
        (r#"{"signature":"a","signature":"b"}"#, "signature"),
    ] {
        assert_eq!(refusal(body), TreeError::DuplicateKey { path: path.to_owned() }, "{body}");
    }
    let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":{n}")).collect();
    let many = many.join(",");
    assert!(parse(format!("{{{many}}}").as_bytes()).is_ok());
    let twice = refusal(&format!("{{{many},\"k7\":0}}"));
    assert_eq!(twice, TreeError::DuplicateKey { path: "k7".to_owned() });
    assert_eq!(twice.to_string(), "the parameter k7 occurs twice");
    assert!(parse(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#).is_ok());
}

#[test]
fn size_is_bounded() {
    let nested = |levels: usize| format!("{}0{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(refusal(&nested(MAX_DEPTH + 1)), TreeError::TooDeep);
    assert_eq!(refusal(&nested(100_000)), TreeError::TooDeep);
    assert_eq!(refusal(&format!("{{\"a\":{}", "[".repeat(100_000))), TreeError::TooDeep);

    // The object and its list are two of the values.
    let wide = |items: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(items - 1));
    assert!(parse(wide(MAX_NODES - 2).as_bytes()).is_ok());
    assert_eq!(refusal(&wide(MAX_NODES - 1)), TreeError::TooMany);

    let long =
        |items: usize| format!("{{\"{}\":[{}0]}}", "k".repeat(1_000), "0,".repeat(items - 1));
    assert!(parse(long(60).as_bytes()).is_ok());
    assert_eq!(refusal(&long(70)), TreeError::TooLong);
}

/// The bound of the reader holds for what the signature makes of the tree.
#[test]
fn the_text_under_the_signature_is_bounded() {
    let body = format!(
        "{{\"{}\":{{\"b\":[{}0]}},\"c\":{{\"d\":[true]}}}}",
        "k".repeat(50),
        "0,".repeat(1_000)
    );
    let tree = parse(body.as_bytes()).unwrap();
    let text: usize = echo(&tree).lines().map(|(path, _)| path.len()).sum();
    assert!(text <= MAX_PATHS);
}

#[test]
fn only_strict_json_is_read() {
    for body in [
        "",
        " ",
        "{",
        "}",
        "{}{}",
        "{} x",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":0x1}",
        "{\"a\":1e}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ude00\"}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1}\0",
        "/**/{}",
        "\u{feff}{}",
    ] {
        assert!(matches!(refusal(body), TreeError::Syntax { .. }), "{body:?}");
        assert!(serde_json::from_str::<Value>(body).is_err(), "{body:?}");
    }
    assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap_err(), TreeError::Encoding { offset: 6 });
    for body in ["[]", "1", "\"a\"", "null", "true"] {
        assert_eq!(refusal(body), TreeError::NotAnObject);
    }
}

#[test]
fn an_echo_lists_what_is_signed() {
    let tree = parse(
        br#"{"l":["x",{"b":true}],"general":{"signature":"s","id":1.50},"frame_mode":"p","e":{},"n":null}"#,
    )
    .unwrap();
    let echo = echo(&tree);
    let pairs: Vec<(&str, &str)> = echo.lines().collect();
    assert_eq!(pairs, [("general:id", "1.50"), ("l:0", "x"), ("l:1:b", "1"), ("n", "")]);
}

/// Equality with serde_json, which does keep neither number texts nor equal keys.
fn same(node: &Node<'_>, value: &Value) -> bool {
    match (node, value) {
        (Node::Null, Value::Null) => true,
        (Node::Bool(a), Value::Bool(b)) => a == b,
        (Node::Number(raw), Value::Number(number)) => {
            *raw == number.to_string() || raw.parse().ok() == number.as_f64()
        }
        (Node::Text(a), Value::String(b)) => a == b,
        (Node::List(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Node::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, node)| b.get(&**key).is_some_and(|value| same(node, value)))
        }
        _ => false,
    }
}

/// Bodies of every content within the bounds of the reader.
fn any_body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let key = || vec(any::<char>(), 0..4).prop_map(String::from_iter);
    let value = leaf.prop_recursive(4, 30, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key(), inner), 0..6).prop_map(Value::from_iter),
        ]
    });
    vec((key(), value), 0..24)
        .prop_map(Value::from_iter)
        .prop_filter("too large", |body| count(body) <= MAX_NODES)
}

fn count(value: &Value) -> usize {
    let below: usize = match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    1 + below
}

/// Bytes that come near to JSON much more often than random ones.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", "\"", "\"a\"", ":", ",", "1", "-", ".5", "e9", "true", "null", "\\",
        "\\u", "d83d", "NaN", " ", "\u{1}", "я",
    ];
    vec(proptest::sample::select(PIECES), 0..24)
        .prop_map(|chosen| [&["{\"k\":"][..], &chosen].concat().concat().into_bytes())
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        drop(parse(&bytes));
    }

    #[test]
    fn accepts_no_more_than_serde_json(bytes in almost_json()) {
        if let Ok(tree) = parse(&bytes) {
            // Ours keeps the text of numbers that serde_json has no type for.
            match serde_json::from_slice::<Value>(&bytes) {
                Ok(value) => prop_assert!(same(&tree, &value)),
                Err(fault) => prop_assert!(fault.to_string().contains("out of range")),
            }
        }
    }

    #[test]
    fn reads_what_serde_json_writes(body in any_body(), pretty: bool) {
        let text = if pretty { format!("{body:#}") } else { body.to_string() };
        let tree = parse(text.as_bytes()).unwrap();
        prop_assert!(same(&tree, &body), "{}", text);
        prop_assert_eq!(super::super::sign::canonical(&tree), super::super::sign::canonical(&body));
    }

    /// Neither white space nor escapes nor the order of members shows in the list.
    #[test]
    fn the_list_is_stable(body in any_body()) {
        let compact = body.to_string();
        let list = echo(&parse(compact.as_bytes()).unwrap());
        let spaced = format!("\n{body:#} ");
        prop_assert_eq!(&list, &echo(&parse(spaced.as_bytes()).unwrap()));

        let mut tree = parse(compact.as_bytes()).unwrap();
        if let Node::Object(members) = &mut tree {
            members.reverse();
        }
        prop_assert_eq!(&list, &echo(&tree));
    }
}
