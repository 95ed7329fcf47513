//! Request bodies as documents: what the Gate reads, as merchants are told (ecommpay.md §3.4).
//!
//! Nothing is deserialized into these: a signed body is read as a tree ([`super::tree`]) and field
//! by field, so that each fault is told by the field's name. A test of [`super::contract`] feeds
//! every field of these schemas through that reader, right and wrong, and so holds the two
//! together. Fields that are not listed are accepted, signed and kept, and mean nothing here.

use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

mod card;

pub use card::{
    AcsReturnUrl, AuthenticationRequest, BrowserData, Card, CardSaleRequest, ClockGeneral,
    ClockRequest, FingerprintRequest, HoldPayment, HoldRequest,
};

/// A text that identifies something, or a whole number.
const IDENTITY: &str = r"^[^;\p{Cc}]*$";
fn of(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types.iter().cloned()))
}

fn identity(description: &str, example: &str) -> Object {
    of(&[Type::String, Type::Integer, Type::Null])
        .max_length(Some(255))
        .minimum(Some(0))
        .pattern(Some(IDENTITY))
        .description(Some(description))
        .examples([example])
        .build()
}

fn project_number() -> Object {
    of(&[Type::Integer, Type::String])
        .minimum(Some(1))
        .maximum(Some(4_294_967_295_i64))
        .pattern(Some("^[0-9]+$"))
        .description(Some("The project's number, or the same digits as a string."))
        .examples([42])
        .build()
}

fn customer_id() -> Object {
    identity("The shop's id of the payer.", "customer123")
}

fn account_id() -> Object {
    identity("The payer's login at the bank.", "account_1")
}

fn merchant_refund_id() -> Object {
    identity("The shop's own id of the refund, unique within the project.", "refund-1")
}

fn phone() -> Object {
    of(&[Type::String, Type::Integer, Type::Null])
        .pattern(Some("^[0-9]{4,24}$"))
        .minimum(Some(1_000))
        .description(Some("The payer's telephone number, digits only."))
        .examples(["79161234567"])
        .build()
}

/// Who asks, and about which payment.
#[derive(Debug, ToSchema)]
pub struct General {
    /// The project's number.
    #[schema(schema_with = project_number)]
    pub project_id: u32,
    /// The shop's id of the payment, unique within the project whatever the case of its letters.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^;\p{Cc}]+$", example = "Payment 12")]
    pub payment_id: String,
    /// Base64 of HMAC-SHA512 over the whole body.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
}

/// Who asks, under which new id, and where callbacks go.
#[derive(Debug, ToSchema)]
pub struct SaleGeneral {
    /// The project's number.
    #[schema(schema_with = project_number)]
    pub project_id: u32,
    /// The shop's id of the payment, unique within the project whatever the case of its letters.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^;\p{Cc}]+$", example = "Payment 12")]
    pub payment_id: String,
    /// Base64 of HMAC-SHA512 over the whole body.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
    /// Where the callbacks of this payment go, instead of the project's own address.
    #[schema(
        max_length = 255,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/callback"
    )]
    pub merchant_callback_url: Option<String>,
    /// Where a final success is told, before the others.
    #[schema(
        max_length = 255,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/paid"
    )]
    pub merchant_success_callback_url: Option<String>,
    /// Where a final decline is told, before the others.
    #[schema(
        max_length = 255,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/not-paid"
    )]
    pub merchant_decline_callback_url: Option<String>,
}

/// The payer. Which fields must be there depends on the method.
#[derive(Debug, ToSchema)]
pub struct Customer {
    /// The shop's id of the payer.
    #[schema(schema_with = customer_id)]
    pub id: Option<String>,
    /// The payer's address on the network, IPv4 or IPv6.
    #[schema(format = "ip", example = "1.2.3.4")]
    pub ip_address: Option<String>,
    /// The payer's login at the bank.
    #[schema(schema_with = account_id)]
    pub account_id: Option<String>,
    /// The payer's telephone number, digits only.
    #[schema(schema_with = phone)]
    pub phone: Option<String>,
    /// The payer's e-mail address.
    #[schema(max_length = 255, format = "email", example = "customer@example.com")]
    pub email: Option<String>,
    /// The payer's country, ISO 3166-1 alpha-2. KZ makes the telephone number required.
    #[schema(pattern = "^[A-Z]{2}$", example = "RU")]
    pub country: Option<String>,
    /// The payer's first name.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "Иван")]
    pub first_name: Option<String>,
    /// The payer's last name.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "Ёжиков")]
    pub last_name: Option<String>,
    /// The language of the payer's pages, if they are ours.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "ru")]
    pub language: Option<String>,
}

/// What is to be paid.
#[derive(Debug, ToSchema)]
pub struct SalePayment {
    /// How much, in minor units of the currency. A method may have narrower limits.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64, example = 10_000)]
    pub amount: i64,
    /// ISO 4217 alphabetic code of a currency that exists.
    #[schema(pattern = "^[A-Z]{3}$", example = "RUB")]
    pub currency: String,
    /// What is paid for. A `;` in it becomes a comma in callbacks.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "Заказ № 5")]
    pub description: Option<String>,
}

/// What is to be returned; without it, or without a sum, everything that is left.
#[derive(Debug, ToSchema)]
pub struct RefundPayment {
    /// How much, in minor units. Comes with `currency` or not at all.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64, example = 5_000)]
    pub amount: Option<i64>,
    /// The payment's currency. Comes with `amount` or not at all.
    #[schema(pattern = "^[A-Z]{3}$", example = "RUB")]
    pub currency: Option<String>,
    /// Why it is returned.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "refund_02")]
    pub description: Option<String>,
    /// The shop's own id of the refund.
    #[schema(schema_with = merchant_refund_id)]
    pub merchant_refund_id: Option<String>,
}

/// Where the payer goes afterwards; without it, where the project's settings say.
#[derive(Debug, ToSchema)]
pub struct ReturnUrl {
    /// After a success.
    #[schema(
        max_length = 2048,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/ok"
    )]
    pub success: Option<String>,
    /// After a decline.
    #[schema(
        max_length = 2048,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/no"
    )]
    pub decline: Option<String>,
    /// When nothing is decided yet, or the fitting one of the others is not given.
    #[schema(
        max_length = 2048,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/"
    )]
    pub r#return: Option<String>,
}

/// What the shop wishes of the callbacks of this payment.
#[derive(Debug, ToSchema)]
pub struct CallbackWish {
    /// Seconds by which the first try of each callback is put off.
    #[schema(minimum = 0, maximum = 600, example = 5)]
    pub delay: Option<i64>,
    /// Send no callbacks at all.
    #[schema(example = false)]
    pub force_disable: Option<bool>,
}

/// A sale.
#[derive(Debug, ToSchema)]
pub struct SaleRequest {
    /// Who asks, under which new id, and where callbacks go.
    pub general: SaleGeneral,
    /// The payer.
    pub customer: Customer,
    /// What is to be paid.
    pub payment: SalePayment,
    /// Where the payer goes afterwards.
    pub return_url: Option<ReturnUrl>,
    /// What the shop wishes of the callbacks.
    pub callback: Option<CallbackWish>,
}

/// A refund. Its callbacks go where it says, else where those of the sale go.
#[derive(Debug, ToSchema)]
pub struct RefundRequest {
    /// Who asks, about which payment, and where callbacks go.
    pub general: SaleGeneral,
    /// What is to be returned.
    pub payment: Option<RefundPayment>,
    /// Checked like that of a sale, and not used.
    pub customer: Option<Customer>,
    /// What the shop wishes of the callbacks about this refund.
    pub callback: Option<CallbackWish>,
}

/// Data that was missing.
#[derive(Debug, ToSchema)]
pub struct AdditionalData {
    /// The fields that `clarification_fields` of the callback listed.
    pub customer: Option<Customer>,
}

/// An answer to a callback with `clarification_fields`.
#[derive(Debug, ToSchema)]
pub struct ClarificationRequest {
    /// Who asks, and about which payment.
    pub general: General,
    /// May be empty: then the same fields are asked for again and the 30 minutes begin anew.
    pub additional_data: AdditionalData,
}

/// A question how a payment stands.
#[derive(Debug, ToSchema)]
pub struct StatusRequest {
    /// Who asks, and about which payment.
    pub general: General,
}

/// A question what became of a request.
#[derive(Debug, ToSchema)]
pub struct RequestStatusRequest {
    /// The project's number.
    #[schema(schema_with = project_number)]
    pub project_id: u32,
    /// From the answer to that request, or `operation.request_id`.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^([^\p{Cc}]|[\n\r\t])*$",
        example = "0be9d6d5-00000001"
    )]
    pub request_id: String,
    /// Base64 of HMAC-SHA512 over the whole body.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
}
