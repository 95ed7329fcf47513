//! A shop's side of a link to the Payment Page, signed by the harness's own signer.

use altyn_testkit::harness::sign;
use serde_json::Value;
use url::form_urlencoded::Serializer;

/// The parameters of a link, in order.
#[derive(Clone, Debug)]
pub struct Link(Vec<(String, String)>);

impl Link {
    /// What every link must have.
    pub fn new(project: u32, payment_id: &str, amount: i64, currency: &str) -> Self {
        Self(Vec::new())
            .with("project_id", &project.to_string())
            .with("payment_id", payment_id)
            .with("payment_amount", &amount.to_string())
            .with("payment_currency", currency)
            .with("customer_id", "customer1")
    }

    /// The same with a parameter set.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value.to_owned(),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same without a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    /// The same in another order.
    pub fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    /// The parameters with the signature.
    pub fn signed(&self, secret: &str) -> Vec<(String, String)> {
        let text = |value: &String| Value::String(value.clone());
        let tree = self.0.iter().map(|(name, value)| (name.clone(), text(value)));
        let signature = sign(&Value::Object(tree.collect()), secret);
        let signature = ("signature".to_owned(), signature);
        self.0.iter().cloned().chain([signature]).collect()
    }

    /// The same as a query.
    pub fn query(&self, secret: &str) -> String {
        query(&self.signed(secret))
    }

    /// The path with the query.
    pub fn path(&self, secret: &str) -> String {
        format!("/payment?{}", self.query(secret))
    }
}

/// Parameters as a query.
pub fn query(pairs: &[(String, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
