//! A merchant's server: signs and posts.

use serde_json::{Value, json};

use super::http::{self, Answer};
use super::{Node, bodies, sign};

/// A project's number with its secret.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// The project.
    pub project: u32,
    /// Its secret.
    pub secret: String,
}

impl Merchant {
    /// Whoever knows the secret.
    pub fn new(project: u32, secret: &str) -> Self {
        Self { project, secret: secret.to_owned() }
    }

    /// The body with the project (unless it names one) and the signature, in `general` if it has
    /// that, else on top.
    pub fn signed(&self, body: &Value) -> Value {
        let mut body = body.clone();
        let project = self.project;
        let place = place_of(&mut body);
        if place.get("project_id").is_none() {
            place["project_id"] = json!(project);
        }
        let signature = sign(&body, &self.secret);
        place_of(&mut body)["signature"] = json!(signature);
        body
    }

    /// Signs and posts.
    pub fn post(&self, node: &Node, path: &str, body: &Value) -> Answer {
        self.try_post(node, path, body).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Signs and posts to a node that may die meanwhile.
    pub fn try_post(&self, node: &Node, path: &str, body: &Value) -> std::io::Result<Answer> {
        let bytes = serde_json::to_vec(&self.signed(body)).expect("JSON can be written");
        http::post_json(&node.url(path), &bytes)
    }

    /// Posts what must be accepted; gives the `request_id`.
    pub fn accepted(&self, node: &Node, path: &str, body: &Value) -> String {
        let answer = self.post(node, path, body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["status"], "success", "{answer}");
        assert_eq!(answer["project_id"], self.project, "{answer}");
        assert_eq!(answer["payment_id"], body["general"]["payment_id"], "{answer}");
        let id = answer["request_id"].as_str().unwrap_or_default();
        assert!((1..=100).contains(&id.len()), "{answer}");
        id.to_owned()
    }

    /// Posts what must be refused at once: HTTP status, code, and the field named (`""` for none).
    pub fn refused(
        &self,
        node: &Node,
        path: &str,
        body: &Value,
        (status, code, field): (u16, &str, &str),
    ) {
        let answer = self.post(node, path, body);
        let told = answer.json();
        let got = (answer.status, told["code"].as_str(), told["field"].as_str().unwrap_or(""));
        assert_eq!(got, (status, Some(code), field), "{told} to {body}");
        assert_eq!(told["status"], "error", "{told}");
    }

    /// How a payment stands: the signed document of `/v2/payment/status`, its signature verified.
    pub fn status(&self, node: &Node, payment_id: &str) -> Value {
        let answer = self.post(node, bodies::STATUS, &bodies::status(payment_id));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let document = answer.json();
        assert_eq!(document["signature"], sign(&document, &self.secret), "{document}");
        document
    }
}

fn place_of(body: &mut Value) -> &mut Value {
    if body.get("general").is_some_and(Value::is_object) { &mut body["general"] } else { body }
}
