//! The codes of the ECommPay face as a document.

use altyn_domain::method::Method;
use altyn_domain::reason::Reason;
use altyn_web::api::ecommpay::codes::{Code, code_of, field_of};

use super::{WRITTEN_BY, table};

/// Every code with its text, and the code that tells each reason.
pub fn page() -> String {
    let codes = Code::ALL.iter().map(|code| {
        [code.number().to_owned(), code.message().to_owned(), code.status().as_u16().to_string()]
    });
    let reasons = Reason::ALL.iter().map(|reason| {
        let field = field_of(*reason).map_or_else(|| "–".to_owned(), |field| format!("`{field}`"));
        let told = |method| {
            let code = code_of(method, *reason);
            format!("{} {}", code.number(), code.message())
        };
        let card = told(Method::Card);
        [format!("`{}`", reason.as_str()), card, told(Method::AlfaClick), field]
    });
    [
        format!("# Codes of the ECommPay face\n\n{WRITTEN_BY}\n\n"),
        "In refusals, in `operation.code` and in `errors[].code`. HTTP is for a code that is a \
         refusal at once.\n\n"
            .to_owned(),
        table(["code", "message", "HTTP"], codes),
        "\n## What tells a reason\n\n".to_owned(),
        table(["reason", "by card", "by another method", "field"], reasons),
    ]
    .concat()
}
