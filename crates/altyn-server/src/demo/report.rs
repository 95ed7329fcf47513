//! What `--auto` finds: steps as they happen, what was compared, what differs.

use std::fmt::Display;

use super::shop::Callback;
use super::show::money;
use crate::commands::say;

/// Steps that are printed before this report begins.
const STEPS_BEFORE: u32 = 1;

/// Findings of a run.
pub struct Report {
    steps: u32,
    compared: u32,
    differences: Vec<String>,
    payments: Vec<Row>,
}

struct Row {
    payment: String,
    method: String,
    status: String,
    left: String,
    callbacks: u32,
}

impl Report {
    /// Nothing is found yet.
    pub fn new() -> Self {
        let (compared, differences, payments) = (0, Vec::new(), Vec::new());
        Self { steps: STEPS_BEFORE, compared, differences, payments }
    }

    /// Prints the heading of what is done next.
    pub fn step(&mut self, text: impl Display) {
        self.steps += 1;
        say(format!("{}. {text}", self.steps));
    }

    /// Compares, and tells at once when it differs.
    pub fn compare<T: PartialEq + Display>(&mut self, what: &str, expected: T, got: T) {
        self.compared += 1;
        if expected != got {
            self.differ(format!("{what}: ждали (expected) {expected}, пришло (got) {got}"));
        }
    }

    /// Notes what is wrong.
    pub fn differ(&mut self, text: String) {
        say(format!("   РАСХОЖДЕНИЕ (differs): {text}"));
        self.differences.push(text);
    }

    /// Notes how a payment stands by the last callback.
    pub fn told(&mut self, callback: &Callback) {
        let payment = callback.text("/payment/id");
        let row = match self.payments.iter_mut().find(|row| row.payment == payment) {
            Some(row) => row,
            None => {
                self.payments.push(Row {
                    payment: payment.to_owned(),
                    method: callback.text("/payment/method").to_owned(),
                    status: String::new(),
                    left: String::new(),
                    callbacks: 0,
                });
                let Some(row) = self.payments.last_mut() else { return };
                row
            }
        };
        callback.text("/payment/status").clone_into(&mut row.status);
        let currency = callback.text("/payment/sum/currency");
        row.left = money(callback.number("/payment/sum/amount"), currency);
        row.callbacks += 1;
    }

    /// Prints the payments.
    pub fn table(&self) {
        let names = ["платёж (payment)", "способ (method)", "статус (status)", "сумма (sum)"];
        let [payment, method, status, left] = names;
        let heading = format!("{payment:<30} {method:<16} {status:<19} {left:>12}");
        say(format!("   {heading}  оповещений (callbacks)"));
        for Row { payment, method, status, left, callbacks } in &self.payments {
            say(format!("   {payment:<30} {method:<16} {status:<19} {left:>12}  {callbacks}"));
        }
    }

    /// Prints the last word; whether all was right.
    pub fn close(&self) -> bool {
        let compared = self.compared;
        if self.differences.is_empty() {
            say(format!("Всё верно, сравнений {compared} (all is right, {compared} comparisons)"));
            return true;
        }
        say(format!("Есть расхождения (something differs), {}:", self.differences.len()));
        for difference in &self.differences {
            say(format!("   {difference}"));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_difference_is_enough() {
        let mut report = Report::new();
        report.compare("code", "0", "0");
        assert!(report.close());
        report.compare("code", "0", "20105");
        assert!(!report.close());
    }
}
