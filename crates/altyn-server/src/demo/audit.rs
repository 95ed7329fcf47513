//! The end of `--auto`: the invariants over the database, and the books against the emulators'
//! own count of the money.

use std::collections::BTreeMap;
use std::time::Duration;

use altyn_app::check::{CheckReport, StoredBalance, check};
use altyn_domain::ledger::Account;
use anyhow::{Context as _, Result};
use serde_json::Value;

use super::http::PATIENCE;
use super::report::Report;
use super::show::{indented, money};
use super::stage::Stage;
use crate::commands::say;

/// How often it is looked whether the last writes have come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Money of one currency, minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moved {
    charged: i64,
    returned: i64,
}

#[derive(Default)]
struct Findings {
    checked: CheckReport,
    books: BTreeMap<String, Moved>,
    emulators: BTreeMap<String, Moved>,
    balances: Vec<StoredBalance>,
}

impl Findings {
    fn is_right(&self) -> bool {
        self.checked.breaches.is_empty()
            && self.checked.unknown == 0
            && self.checked.callbacks_owed == 0
            && self.books == self.emulators
    }
}

/// Looks until everything fits or there was time enough, then tells.
pub async fn run(stage: &Stage, report: &mut Report) -> Result<()> {
    let findings = settled(stage).await?;
    report.step("Итог (the result)");
    report.table();
    say("");
    compare_money(&findings, report);
    say("");
    let CheckReport { payments, operations, entries, unknown, callbacks_owed, breaches } =
        &findings.checked;
    indented(&format!(
        "проверка (check): {payments} payments, {operations} operations, {entries} entries; \
         {unknown} outcomes unknown, {callbacks_owed} callbacks owed; {} breaches",
        breaches.len(),
    ));
    for breach in breaches {
        report.differ(format!("{} {}: {}", breach.rule, breach.subject, breach.detail));
    }
    report.compare("outcomes unknown", 0, *unknown);
    report.compare("callbacks owed", 0, *callbacks_owed);
    Ok(())
}

/// The last delivery is noted after the shop has answered, so a first look may come too early.
async fn settled(stage: &Stage) -> Result<Findings> {
    let looking = async {
        loop {
            let findings = look(stage).await?;
            if findings.is_right() {
                return anyhow::Ok(findings);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(findings) => findings,
        Err(_) => look(stage).await,
    }
}

async fn look(stage: &Stage) -> Result<Findings> {
    let database = &stage.node.database;
    let projects = database.store().projects().await.context("cannot read the projects")?;
    let reads = database.check_reads();
    let checked = check(reads.as_ref(), &projects).await.context("cannot read the database")?;
    let balances = reads.balances().await.context("cannot read the balances")?;
    let books = receivable(&balances);
    let url = format!("{}/sandbox/totals", stage.sandbox_url);
    let emulators = totals(&stage.merchant.http.get(&url).await?.json()?);
    Ok(Findings { checked, books, emulators, balances })
}

/// What providers took for us and gave back, by our books.
fn receivable(balances: &[StoredBalance]) -> BTreeMap<String, Moved> {
    let mut books: BTreeMap<String, Moved> = BTreeMap::new();
    for balance in balances.iter().filter(|b| b.account == Account::ProviderReceivable) {
        let moved = books.entry(balance.currency.to_string()).or_default();
        moved.charged += balance.debit_minor;
        moved.returned += balance.credit_minor;
    }
    books
}

/// The same as the emulators count it; a reversal returns money too.
fn totals(body: &Value) -> BTreeMap<String, Moved> {
    let mut emulators: BTreeMap<String, Moved> = BTreeMap::new();
    let providers = body.as_object().into_iter().flatten();
    for (currency, sums) in providers.filter_map(|(_, by)| by.as_object()).flatten() {
        let number = |name: &str| sums.get(name).and_then(Value::as_i64).unwrap_or_default();
        let moved = emulators.entry(currency.clone()).or_default();
        moved.charged += number("charged_minor");
        moved.returned += number("refunded_minor") + number("reversed_minor");
    }
    // An order that nobody paid moved nothing, and is not in the books.
    emulators.retain(|_, moved| *moved != Moved::default());
    emulators
}

fn compare_money(findings: &Findings, report: &mut Report) {
    let names = ["деньги (money)", "книги (books)", "эмуляторы (emulators)"];
    let [what, books, emulators] = names;
    indented(&format!("{what:<26} {books:>16} {emulators:>22}"));
    let currencies: std::collections::BTreeSet<&String> =
        findings.books.keys().chain(findings.emulators.keys()).collect();
    for currency in currencies {
        let of = |side: &BTreeMap<String, Moved>| side.get(currency).copied().unwrap_or_default();
        let (ours, theirs) = (of(&findings.books), of(&findings.emulators));
        for (name, ours, theirs) in [
            ("списано (charged)", ours.charged, theirs.charged),
            ("возвращено (returned)", ours.returned, theirs.returned),
            ("остаток (balance)", ours.charged - ours.returned, theirs.charged - theirs.returned),
        ] {
            let (left, right) = (money(ours, currency), money(theirs, currency));
            indented(&format!("{name:<26} {left:>16} {right:>22}"));
            report.compare(name, left, right);
        }
    }
    for balance in findings.balances.iter().filter(|b| b.account != Account::ProviderReceivable) {
        // What we owe and what we earned grow by credits.
        let minor = balance.credit_minor - balance.debit_minor;
        let (account, sum) = (balance.account.as_str(), money(minor, balance.currency.code()));
        indented(&format!("{account:<26} {sum:>16}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_providers_are_counted_and_reversals_return() {
        let sums = |charged, refunded, reversed| {
            json!({
                "charged_minor": charged, "refunded_minor": refunded, "reversed_minor": reversed,
            })
        };
        let body = json!({
            "rbs": { "RUB": sums(600, 100, 500), "KZT": sums(0, 0, 0) },
            "ipay": { "KES": sums(10, 0, 0), "RUB": sums(1, 0, 0) },
        });
        let expected = BTreeMap::from([
            ("KES".to_owned(), Moved { charged: 10, returned: 0 }),
            ("RUB".to_owned(), Moved { charged: 601, returned: 600 }),
        ]);
        assert_eq!(totals(&body), expected);
    }
}
