//! The codes of the ECommPay face as a document.

use altyn_domain::reason::Reason;
use altyn_web::api::ecommpay::codes::{Code, code_of, field_of};

use super::{WRITTEN_BY, table};

/// Every code with its text, and the code that tells each reason.
pub fn page() -> String {
    let codes = Code::ALL.iter().map(|code| {
        [code.number().to_owned(), code.message().to_owned(), code.status().as_u16().to_string()]
    });
    let reasons = Reason::ALL.iter().map(|reason| {
        let code = code_of(*reason);
        let field = field_of(*reason).map_or_else(|| "–".to_owned(), |field| format!("`{field}`"));
        let [number, message] = [code.number().to_owned(), code.message().to_owned()];
        [format!("`{}`", reason.as_str()), number, message, field]
    });
    [
        format!("# Codes of the ECommPay face\n\n{WRITTEN_BY}\n\n"),
        "In refusals, in `operation.code` and in `errors[].code`. HTTP is for a code that is a \
         refusal at once.\n\n"
            .to_owned(),
        table(["code", "message", "HTTP"], codes),
        "\n## What tells a reason\n\n".to_owned(),
        table(["reason", "code", "message", "field"], reasons),
    ]
    .concat()
}
