//! Which fault is told where: input → stage → HTTP → code, one table (ecommpay.md §3.1).
//!
//! The contract page prints it, and a test sends every line through the reader, the domain and the
//! refusals, and compares what comes out.

use axum::http::StatusCode;

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::endpoints::Endpoint;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The endpoint's example with this JSON merge patch, signed.
    Patch(&'static str),
    /// The endpoint's example, changed after it was signed.
    Tampered(&'static str),
    /// These bytes.
    Raw(&'static str),
    /// One byte more than is taken.
    TooLarge,
    /// A method that the path of internet banking does not know.
    UnknownMethod,
    /// The path of a payment by a method that we do not have.
    ForeignPath,
    /// A path that does not exist.
    UnknownPath,
    /// Another verb than POST.
    OtherVerb,
    /// The patched example, to a test project.
    TestProject(&'static str),
    /// The example, to a project without the method.
    MethodOff,
    /// The patched example, after a sale that came to this.
    AfterSale(Sale, &'static str),
    /// The example, where what is stored decides.
    Stored(Stored),
}

/// What a refund, a capture or a cancel meets.
#[derive(Clone, Copy, Debug)]
pub enum Sale {
    /// A hold of 600.00.
    Held,
    /// A sale of 600.00 that was paid.
    Paid,
    /// A sale that was declined.
    Declined,
}

/// What only the store knows.
#[derive(Clone, Copy, Debug)]
pub enum Stored {
    /// The same request came before.
    SameRequest,
    /// Another request came under the id.
    OtherRequest,
    /// The same request came under the id, with another card.
    OtherCard,
    /// There is no such payment.
    NoPayment,
    /// The shop's refund id was used for another refund.
    OtherRefund,
    /// The payment waits for no data.
    NotAsked,
    /// The payment waits for no answer of 3-D Secure, or for another.
    NotAwaited,
    /// The answer names another payment's transaction.
    ForeignAnswer,
    /// The project is live.
    Live,
    /// The clock is ten years ahead.
    FarAhead,
    /// There is no such request.
    NoRequest,
    /// Too much is waiting.
    Busy,
    /// The store failed.
    Broken,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Refused at once; nothing is stored, no callback is sent.
    Refused(StatusCode),
    /// Answered at once with 200.
    Answered,
    /// Taken with 200; then a callback with these statuses.
    Told {
        /// `payment.status`.
        payment: &'static str,
        /// `operation.status`.
        operation: &'static str,
    },
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is, in Russian.
    pub russian: &'static str,
    /// What it is, in English.
    pub english: &'static str,
    /// Where it is sent.
    pub endpoint: Endpoint,
    /// What is sent.
    pub input: Input,
    /// What comes of it.
    pub outcome: Outcome,
    /// The code of the answer or of the callback.
    pub code: Code,
    /// The parameter that the answer or callback names; empty when none.
    pub field: &'static str,
}

impl Case {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self.outcome {
            Outcome::Refused(status) => status,
            Outcome::Answered | Outcome::Told { .. } => StatusCode::OK,
        }
    }
}

macro_rules! cases {
    ($($endpoint:ident $input:expr => $outcome:expr, $code:ident $field:literal,
        $russian:literal $english:literal;)+) => {
        /// The table.
        pub const CASES: &[Case] = &[$(Case {
            russian: $russian,
            english: $english,
            endpoint: Endpoint::$endpoint,
            input: $input,
            outcome: $outcome,
            code: Code::$code,
            field: $field,
        }),+];
    };
}

const BAD: Outcome = Outcome::Refused(StatusCode::BAD_REQUEST);
const MISSING: Outcome = Outcome::Refused(StatusCode::NOT_FOUND);
const NO_JSON: Outcome = Outcome::Refused(StatusCode::UNPROCESSABLE_ENTITY);
const REJECTED: Outcome = Outcome::Told { payment: "error", operation: "error" };
const NOT_RETURNED: Outcome = Outcome::Told { payment: "success", operation: "decline" };

const STILL_HELD: Outcome = Outcome::Told { payment: "awaiting capture", operation: "decline" };

use Input::{AfterSale, Patch, Raw, Tampered, TestProject};

cases! {
    OnlineBankingSale Input::UnknownPath => MISSING, MalformedRequest "",
        "Нет такого адреса" "There is no such path";
    OnlineBankingSale Input::OtherVerb => Outcome::Refused(StatusCode::METHOD_NOT_ALLOWED), MalformedRequest "",
        "Не POST" "Not POST";
    OnlineBankingSale Input::TooLarge => Outcome::Refused(StatusCode::PAYLOAD_TOO_LARGE), MalformedRequest "",
        "Тело длиннее 256 КиБ" "A body over 256 KiB";
    OnlineBankingSale Raw("{\"general\":") => NO_JSON, InvalidJson "",
        "Тело — не JSON" "The body is not JSON";
    OnlineBankingSale Raw("[]") => NO_JSON, InvalidJson "",
        "Тело — не объект" "The body is not an object";
    OnlineBankingSale Raw("{\"general\":{\"project_id\":35,\"project_id\":35}}") => NO_JSON, InvalidJson "",
        "Параметр дан дважды" "A parameter is given twice";
    OnlineBankingSale Patch(r#"{"general":{"project_id":null}}"#) => BAD, FieldMissing "general.project_id",
        "Нет project_id" "No project_id";
    OnlineBankingSale Patch(r#"{"general":{"project_id":"shop"}}"#) => BAD, ValidationError "general.project_id",
        "project_id — не число" "project_id is not a number";
    OnlineBankingSale Patch(r#"{"general":{"project_id":404}}"#) => MISSING, ProjectNotFound "general.project_id",
        "Нет такого проекта" "There is no such project";
    OnlineBankingSale Tampered(r#"{"general":{"signature":null}}"#) => BAD, EmptySignature "",
        "Нет подписи" "No signature";
    OnlineBankingSale Tampered(r#"{"payment":{"amount":1}}"#) => BAD, InvalidSignature "",
        "Подпись не от этих данных" "The signature is not of this data";
    OnlineBankingSale Input::UnknownMethod => MISSING, UnknownMethod "",
        "Нет такого метода интернет-банкинга" "There is no such method of internet banking";
    CardCapture Input::ForeignPath => MISSING, UnknownMethod "",
        "Путь метода, которого у нас нет" "The path of a method that we do not have";
    OnlineBankingSale Patch(r#"{"general":{"payment_id":null}}"#) => BAD, FieldMissing "general.payment_id",
        "Нет payment_id" "No payment_id";
    OnlineBankingSale Patch(r#"{"general":{"payment_id":"a;b"}}"#) => BAD, InvalidPaymentId "general.payment_id",
        "payment_id с «;», управляющим знаком или длиннее 255" "payment_id with `;`, a control character, or over 255";
    OnlineBankingSale Patch(r#"{"payment":[10000]}"#) => BAD, ValidationError "payment",
        "Вместо объекта — другое" "Something else where an object belongs";
    OnlineBankingSale Patch(r#"{"payment":{"amount":null}}"#) => BAD, FieldMissing "payment.amount",
        "Нет суммы" "No amount";
    OnlineBankingSale Patch(r#"{"payment":{"amount":"100"}}"#) => BAD, ValidationError "payment.amount",
        "Сумма — не целое от 1 до 10¹³" "The amount is not an integer from 1 to 10¹³";
    OnlineBankingSale Patch(r#"{"payment":{"currency":null}}"#) => BAD, FieldMissing "payment.currency",
        "Нет валюты" "No currency";
    OnlineBankingSale Patch(r#"{"payment":{"currency":"ZZZ"}}"#) => BAD, InvalidCurrency "payment.currency",
        "Валюты не существует" "The currency does not exist";
    OnlineBankingSale Patch(r#"{"customer":{"ip_address":null}}"#) => BAD, FieldMissing "customer.ip_address",
        "Нет обязательного параметра метода" "A parameter that the method requires is missing";
    OnlineBankingSale Patch(r#"{"payment":{"currency":"KZT"}}"#) => BAD, FieldMissing "customer.phone",
        "Казахстан (KZT или customer.country KZ) без телефона" "Kazakhstan (KZT, or customer.country KZ) without a telephone number";
    OnlineBankingSale Patch(r#"{"customer":{"ip_address":"localhost"}}"#) => BAD, ValidationError "customer.ip_address",
        "Параметр неверного вида: адрес, телефон, ссылка…" "A parameter of a wrong form: address, telephone, link…";
    OnlineBankingSale Patch(r#"{"customer":{"id":"1;2"}}"#) => BAD, InvalidCustomerId "customer.id",
        "customer.id с «;» или управляющим знаком" "customer.id with `;` or a control character";
    OnlineBankingSale Patch(r#"{"customer":{"email":"nobody"}}"#) => BAD, InvalidEmail "customer.email",
        "Неверный адрес электронной почты" "Not an e-mail address";
    OnlineBankingSale Patch(r#"{"customer":{"country":"Russia"}}"#) => BAD, InvalidCountry "customer.country",
        "Неверный код страны" "Not a country code";
    CardSale Patch(r#"{"card":{"pan":null}}"#) => BAD, FieldMissing "card.pan",
        "Нет номера, месяца или года карты" "The card’s number, month or year is missing";
    CardSale Patch(r#"{"card":{"pan":"4314220000000057"}}"#) => BAD, ValidationError "card.pan",
        "Номер карты: не та длина или контрольная цифра" "A card number of a wrong length or check digit";
    CardSale Patch(r#"{"card":{"month":13}}"#) => BAD, ValidationError "card.month",
        "Месяц карты не от 1 до 12" "The card’s month is not 1 to 12";
    CardSale Patch(r#"{"card":{"year":2025}}"#) => BAD, ExpiredCard "card.year",
        "Карта просрочена" "The card has expired";
    CardSale Patch(r#"{"card":{"cvv":null}}"#) => BAD, CvvRequired "card.cvv",
        "Нет CVV" "No CVV";
    CardSale Patch(r#"{"card":{"cvv":"12"}}"#) => BAD, ValidationError "card.cvv",
        "CVV — не три и не четыре цифры" "The CVV is not three or four digits";
    CardSale Patch(r#"{"card":{"card_holder":null}}"#) => BAD, HolderRequired "card.card_holder",
        "Нет имени держателя" "No cardholder";
    CardSale Patch(r#"{"card":{"card_holder":"<b>JOHN</b>"}}"#) => BAD, InvalidHolder "card.card_holder",
        "В имени держателя лишние знаки" "Characters in the cardholder’s name that no card has";
    OnlineBankingSale Input::Stored(Stored::SameRequest) => Outcome::Answered, Success "",
        "Тот же запрос ещё раз: тот же request_id" "The same request again: the same request_id";
    OnlineBankingSale Input::Stored(Stored::OtherRequest) => BAD, PaymentExists "payment.amount",
        "Тот же payment_id, другой запрос: назван первый отличный параметр" "The same payment_id, another request: the first parameter that differs is named";
    CardSale Input::Stored(Stored::OtherCard) => BAD, PaymentExists "card",
        "Тот же payment_id, другая карта" "The same payment_id, another card";
    CardCapture Input::Stored(Stored::NoPayment) => BAD, NotFound "general.payment_id",
        "Списание или отмена: нет такого платежа" "Capture or cancel: there is no such payment";
    CardCapture Patch(r#"{"payment":{"currency":null}}"#) => BAD, CurrencyRequired "payment.currency",
        "Списание или отмена: сумма без валюты" "Capture or cancel: an amount without a currency";
    FingerprintResult Patch(r#"{"threeds_completion_indicator":"Y"}"#) => BAD, ValidationError "threeds_completion_indicator",
        "threeds_completion_indicator — не true и не false" "threeds_completion_indicator is not true or false";
    AuthenticationResult Patch(r#"{"cres":null}"#) => BAD, FieldMissing "cres",
        "Нет ни cres, ни pares" "Neither cres nor pares";
    AuthenticationResult Patch(r#"{"cres":"Y"}"#) => BAD, ValidationError "cres",
        "cres не читается" "A cres that cannot be read";
    AuthenticationResult Input::Stored(Stored::ForeignAnswer) => BAD, ValidationError "cres",
        "cres или md от другого платежа" "A cres or md of another payment";
    AuthenticationResult Input::Stored(Stored::NotAwaited) => BAD, WrongState "",
        "Ответ 3-D Secure, которого не ждут, или второй раз" "An answer of 3-D Secure that is not awaited, or comes twice";
    OnlineBankingRefund Input::Stored(Stored::NoPayment) => BAD, NotFound "general.payment_id",
        "Возврат: нет такого платежа" "Refund: there is no such payment";
    OnlineBankingRefund Patch(r#"{"payment":{"amount":null}}"#) => BAD, AmountRequired "payment.amount",
        "Возврат: валюта без суммы" "Refund: a currency without an amount";
    OnlineBankingRefund Patch(r#"{"payment":{"currency":null}}"#) => BAD, CurrencyRequired "payment.currency",
        "Возврат: сумма без валюты" "Refund: an amount without a currency";
    AnyRefund Input::Stored(Stored::OtherRefund) => BAD, RefundIdExists "payment.amount",
        "Тот же merchant_refund_id, другой возврат" "The same merchant_refund_id, another refund";
    Clarification Patch(r#"{"additional_data":null}"#) => BAD, FieldMissing "additional_data",
        "Дополнение без additional_data" "Clarification without additional_data";
    Clarification Input::Stored(Stored::NotAsked) => BAD, WrongState "",
        "Дополнение, о котором не спрашивали" "Clarification that nobody asked for";
    Status Input::Stored(Stored::NoPayment) => Outcome::Answered, NotFound "",
        "Статус неизвестного платежа: errors[] в ответе" "Status of an unknown payment: errors[] in the answer";
    StatusOfRequest Input::Stored(Stored::NoRequest) => MISSING, NotFound "request_id",
        "Статус неизвестного запроса" "Status of an unknown request";
    TestClock Patch(r#"{"forward_ms":0}"#) => BAD, ValidationError "forward_ms",
        "Часы: не вперёд" "Clock: not forward";
    TestClock Input::Stored(Stored::FarAhead) => BAD, ValidationError "forward_ms",
        "Часы: больше десяти лет вперёд" "Clock: more than ten years ahead";
    TestClock Input::Stored(Stored::Live) => Outcome::Refused(StatusCode::FORBIDDEN), AccessDenied "",
        "Часы боевого проекта" "A live project’s clock";
    OnlineBankingSale Input::Stored(Stored::Busy) => Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE), TryAgain "",
        "Сервер перегружен: повторите тот же запрос" "The server is overloaded: send the same request again";
    OnlineBankingSale Input::Stored(Stored::Broken) => Outcome::Refused(StatusCode::INTERNAL_SERVER_ERROR), InternalError "",
        "Внутренняя ошибка: о платеже ничего не известно, спросите статус" "Internal error: nothing is known of the payment, ask for its status";
    OnlineBankingSale Patch(r#"{"payment":{"amount":99}}"#) => REJECTED, AmountBelowLimit "payment.amount",
        "Сумма меньше предела метода" "An amount below the method's limit";
    CardPartnerSale Patch(r#"{"payment":{"amount":20000001}}"#) => REJECTED, AmountAboveLimit "payment.amount",
        "Сумма больше предела метода" "An amount above the method's limit";
    OnlineBankingSale Patch(r#"{"payment":{"currency":"KES"}}"#) => REJECTED, CurrencyDisabled "payment.currency",
        "Метод не принимает эту валюту" "The method does not take this currency";
    OnlineBankingSale TestProject(r#"{"payment":{"currency":"USD"}}"#) => REJECTED, CurrencyDisabled "payment.currency",
        "Тестовый проект, «Альфа-Клик», не RUB" "A test project, Alfa-Click, not RUB";
    OnlineBankingSale Input::MethodOff => REJECTED, NotAllowedByProject "",
        "Метод у проекта не включён" "The project does not have the method";
    CardPartnerSale Patch(r#"{"customer":{"phone":null}}"#) => Outcome::Told { payment: "awaiting clarification", operation: "awaiting clarification" }, AwaitingProcessing "",
        "Нет телефона или почты для карт через партнёра" "No telephone or e-mail for card partner";
    OnlineBankingRefund AfterSale(Sale::Paid, r#"{"payment":{"amount":60001}}"#) => NOT_RETURNED, RefundExceedsBalance "",
        "Возврат больше остатка" "A refund of more than is left";
    OnlineBankingRefund AfterSale(Sale::Paid, r#"{"payment":{"currency":"USD"}}"#) => NOT_RETURNED, RefundCurrencyMismatch "",
        "Возврат в другой валюте" "A refund in another currency";
    CardPartnerRefund AfterSale(Sale::Paid, r#"{"payment":{"amount":100,"currency":"KES"}}"#) => NOT_RETURNED, AmountMustBeWhole "",
        "Частичный возврат методом, который умеет только полные" "A partial refund by a method that only returns all";
    CardCapture AfterSale(Sale::Held, r#"{"payment":{"amount":60001}}"#) => STILL_HELD, AmountAboveLimit "",
        "Списание больше удержанного" "A capture of more than is held";
    CardCancel AfterSale(Sale::Held, r#"{"payment":{"amount":1,"currency":"RUB"}}"#) => STILL_HELD, AmountMustBeWhole "",
        "Отмена части удержания" "A cancel of a part of a hold";
    CardCapture AfterSale(Sale::Paid, "{}") => NOT_RETURNED, WrongState "",
        "Списание или отмена того, что не удержано" "A capture or cancel of what is not held";
    CardRefund AfterSale(Sale::Held, "{}") => STILL_HELD, WrongState "",
        "Возврат до списания" "A refund before the capture";
    OnlineBankingRefund AfterSale(Sale::Declined, "{}") => Outcome::Told { payment: "decline", operation: "decline" }, WrongState "",
        "Возврат неоплаченного" "A refund of what was not paid";
}
