//! Bodies of what is asked about cards, and of the test clock.

use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, Type};

use super::{
    CallbackWish, Customer, General, ReturnUrl, SaleGeneral, SalePayment, of, project_number,
};

fn pan() -> Object {
    of(&[Type::String, Type::Integer])
        .pattern(Some("^[0-9]([ -]?[0-9]){11,18}$"))
        .description(Some("The number, 12 to 19 digits with a right check digit."))
        .examples(["4314220000000056"])
        .build()
}

fn month() -> Object {
    of(&[Type::Integer, Type::String])
        .minimum(Some(1))
        .maximum(Some(12))
        .description(Some("The last month that the card may be used in."))
        .examples([12])
        .build()
}

fn year() -> Object {
    of(&[Type::Integer, Type::String])
        .maximum(Some(2099))
        .description(Some("Its year, four digits."))
        .examples([2030])
        .build()
}

fn cvv() -> Object {
    of(&[Type::String, Type::Integer])
        .pattern(Some("^[0-9]{3,4}$"))
        .description(Some("The security code. A string keeps its zeros."))
        .examples(["123"])
        .build()
}

fn color_depth() -> Object {
    of(&[Type::Integer, Type::String, Type::Null])
        .minimum(Some(1))
        .maximum(Some(48))
        .description(Some("Bits per pixel of the payer's screen."))
        .examples([24])
        .build()
}

fn timezone_offset() -> Object {
    of(&[Type::Integer, Type::String, Type::Null])
        .minimum(Some(-1_440))
        .maximum(Some(1_440))
        .description(Some("Minutes from the payer's time to UTC: -180 in Moscow."))
        .examples([-180])
        .build()
}

/// A card. It goes to the acquirer and is kept nowhere; its mask is.
#[derive(Debug, ToSchema)]
pub struct Card {
    /// The number, 12 to 19 digits with a right check digit.
    #[schema(schema_with = pan)]
    pub pan: String,
    /// The last month that the card may be used in.
    #[schema(schema_with = month)]
    pub month: u8,
    /// Its year, four digits.
    #[schema(schema_with = year)]
    pub year: u16,
    /// The name on the card: letters, digits, spaces, dots, dashes, apostrophes.
    #[schema(max_length = 255, pattern = r"^[\p{L}\p{N} .'-]*$", example = "JOHN SMITH")]
    pub card_holder: String,
    /// The security code. A string keeps its zeros.
    #[schema(schema_with = cvv)]
    pub cvv: String,
}

/// Where the issuer sends the payer during 3-D Secure.
#[derive(Debug, ToSchema)]
pub struct AcsReturnUrl {
    /// A page of the shop that takes `cres`, or `PaRes` and `MD`, and passes them on.
    #[schema(
        max_length = 2048,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/3ds"
    )]
    pub return_url: Option<String>,
    /// Checked, and not used: the acquirer has an address of its own.
    #[schema(
        rename = "3ds_notification_url",
        max_length = 2048,
        pattern = r"^https?://[^;\s\p{Cc}]+$",
        example = "https://shop.example/3ds-frame"
    )]
    pub notification_url: Option<String>,
}

/// The payer's browser, as the issuer is told; fields of `customer`.
#[derive(Debug, ToSchema)]
pub struct BrowserData {
    /// The browser's `User-Agent`.
    #[schema(max_length = 2048, pattern = r"^\P{Cc}*$", example = "Mozilla/5.0")]
    pub browser: Option<String>,
    /// The browser's `Accept`.
    #[schema(max_length = 2048, pattern = r"^\P{Cc}*$", example = "text/html")]
    pub accept_header: Option<String>,
    /// Bits per pixel of the payer's screen.
    #[schema(schema_with = color_depth)]
    pub color_depth: Option<u32>,
    /// Width and height of the payer's screen, pixels.
    #[schema(pattern = "^[0-9]{1,6}x[0-9]{1,6}$", example = "1920x1080")]
    pub screen_res: Option<String>,
    /// Minutes from the payer's time to UTC.
    #[schema(schema_with = timezone_offset)]
    pub timezone_offset: Option<i32>,
    /// Whether the browser runs scripts.
    #[schema(example = true)]
    pub js_enabled: Option<bool>,
}

/// A payment by card, in one stage or two.
#[derive(Debug, ToSchema)]
pub struct CardSaleRequest {
    /// Who asks, under which new id, and where callbacks go.
    pub general: SaleGeneral,
    /// The payer, and the browser.
    pub customer: Customer,
    /// What is to be paid.
    pub payment: SalePayment,
    /// The card.
    pub card: Card,
    /// Where the payer goes afterwards.
    pub return_url: Option<ReturnUrl>,
    /// Where the issuer sends the payer during 3-D Secure.
    pub acs_return_url: Option<AcsReturnUrl>,
    /// What the shop wishes of the callbacks.
    pub callback: Option<CallbackWish>,
}

/// How much of a hold; without it, or without a sum, all of it.
#[derive(Debug, ToSchema)]
pub struct HoldPayment {
    /// How much, in minor units. Comes with `currency` or not at all.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64, example = 10_000)]
    pub amount: Option<i64>,
    /// The payment's currency. Comes with `amount` or not at all.
    #[schema(pattern = "^[A-Z]{3}$", example = "RUB")]
    pub currency: Option<String>,
    /// Why; not used.
    #[schema(max_length = 255, pattern = r"^([^\p{Cc}]|[\n\r\t])*$", example = "shipped")]
    pub description: Option<String>,
}

/// A capture or a cancel. Its callbacks go where it says, else where those of the payment go.
#[derive(Debug, ToSchema)]
pub struct HoldRequest {
    /// Who asks, about which payment, and where callbacks go.
    pub general: SaleGeneral,
    /// How much.
    pub payment: Option<HoldPayment>,
    /// Checked like that of a sale, and not used.
    pub customer: Option<Customer>,
    /// What the shop wishes of the callbacks about this operation.
    pub callback: Option<CallbackWish>,
}

/// Whether the hidden frame of 3-D Secure has come back.
#[derive(Debug, ToSchema)]
pub struct FingerprintRequest {
    /// Who asks, and about which payment.
    pub general: General,
    /// It came back within 10 seconds.
    #[schema(example = true)]
    pub threeds_completion_indicator: bool,
    /// The transaction in `threeDSMethodData`, if the shop keeps it: must be the awaited one.
    #[schema(
        max_length = 2048,
        pattern = r"^[^;\p{Cc}]*$",
        example = "b60c9879-ac77-4918-a317-7b01c4317053"
    )]
    pub md: Option<String>,
}

/// What the payer came back with from the issuer.
#[derive(Debug, ToSchema)]
pub struct AuthenticationRequest {
    /// Who asks, and about which payment.
    pub general: General,
    /// After `threeds2.redirect`: base64url of JSON with a `threeDSServerTransID`. Required unless
    /// there is `pares`.
    #[schema(
        pattern = r"^[A-Za-z0-9_-]*={0,2}$",
        example = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LTdiMDFjNDMxNzA1MyIsIm1lc3NhZ2VUeXBlIjoiQ1JlcyIsInRyYW5zU3RhdHVzIjoiWSJ9"
    )]
    pub cres: Option<String>,
    /// After `acs`: the `PaRes`. Not looked at when there is `cres`.
    #[schema(max_length = 32768, pattern = r"^[^;\p{Cc}]*$", example = "eJxVUt1ugjAUfhXCNQ==")]
    pub pares: Option<String>,
    /// The `MD` that was given, unchanged.
    #[schema(max_length = 2048, pattern = r"^[^;\p{Cc}]*$", example = "94b4a6a43480d57ee45ab107")]
    pub md: Option<String>,
}

/// Which project's clock.
#[derive(Debug, ToSchema)]
pub struct ClockGeneral {
    /// The project's number.
    #[schema(schema_with = project_number)]
    pub project_id: u32,
    /// Base64 of HMAC-SHA512 over the whole body.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
}

/// A test project's clock goes forward.
#[derive(Debug, ToSchema)]
pub struct ClockRequest {
    /// Which project's clock.
    pub general: ClockGeneral,
    /// By how many milliseconds; ten years in all.
    #[schema(minimum = 1, maximum = 315_360_000_000_i64, example = 1_800_000)]
    pub forward_ms: i64,
}
