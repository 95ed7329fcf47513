//! The codes and messages of the ECommPay face: one closed list, literal texts (ecommpay.md §5).
//!
//! `operation.code`, synchronous `code` and `errors[]` all come from here. The page
//! `docs/generated/codes.md` is printed from [`Code::ALL`] and [`code_of`].

use axum::http::StatusCode;

use altyn_domain::method::Method;
use altyn_domain::reason::Reason;

macro_rules! codes {
    ($($name:ident = $number:literal $message:literal $status:ident),+ $(,)?) => {
        /// A code of the registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $message] $name),+ }

        impl Code {
            /// Every code this server uses.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number, as text.
            pub const fn number(self) -> &'static str {
                match self { $(Self::$name => $number),+ }
            }

            /// The literal message.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message),+ }
            }

            /// The HTTP status when it is answered synchronously (ecommpay.md §3.2).
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }
        }
    };
}

codes! {
    Success = "0" "Success" OK,
    GeneralDecline = "100" "General decline" BAD_REQUEST,
    Cancelled = "301" "Cancelled" BAD_REQUEST,
    AccessDenied = "303" "Access denied" FORBIDDEN,
    NotAllowedByProject = "310" "This operation is not allowed by project settings" BAD_REQUEST,
    ProviderUnavailable = "314" "Provider is not available now to perform the operation" BAD_REQUEST,
    InternalError = "501" "Internal error" INTERNAL_SERVER_ERROR,
    ValidationError = "502" "Validation error" BAD_REQUEST,
    TryAgain = "601" "Try again" SERVICE_UNAVAILABLE,
    AutoDecline = "603" "Auto decline" BAD_REQUEST,
    MalformedRequest = "702" "Malformed request" BAD_REQUEST,
    InvalidJson = "2003" "Invalid JSON string" UNPROCESSABLE_ENTITY,
    FieldMissing = "2004" "Required field not provided" BAD_REQUEST,
    InvalidCustomerId = "2124" "Invalid Customer ID" BAD_REQUEST,
    InvalidEmail = "2426" "Invalid Email" BAD_REQUEST,
    ProjectNotFound = "2442" "Project ID not found" NOT_FOUND,
    UnknownMethod = "2541" "Unknown Payment Method" NOT_FOUND,
    InvalidCountry = "2610" "Invalid Country" BAD_REQUEST,
    AmountAboveLimit = "2642" "Operation amount is greater than limit" BAD_REQUEST,
    ExpiredCard = "3021" "Card expired" BAD_REQUEST,
    CurrencyDisabled = "3023" "Provided currency disabled for Project ID" BAD_REQUEST,
    InvalidPaymentId = "3024" "Invalid Payment ID" BAD_REQUEST,
    PaymentExists = "3041" "Payment ID already exists" BAD_REQUEST,
    WrongState = "3060" "Current payment or operation status does not allow this action" BAD_REQUEST,
    NotFound = "3061" "Transaction not found" BAD_REQUEST,
    InvalidCurrency = "3121" "Invalid currency" BAD_REQUEST,
    CvvRequired = "3141" "CVV is required" BAD_REQUEST,
    InvalidHolder = "3161" "Invalid Holder" BAD_REQUEST,
    HolderRequired = "3162" "Cardholder is required" BAD_REQUEST,
    RefundIdExists = "3230" "The operation with such merchant_refund_id already exists" BAD_REQUEST,
    InvalidSignature = "3261" "Invalid signature" BAD_REQUEST,
    EmptySignature = "3262" "Empty signature" BAD_REQUEST,
    RefundExceedsBalance = "3283" "Refund amount more than init amount" BAD_REQUEST,
    RefundCurrencyMismatch = "3284" "Refund currency mismatched or empty" BAD_REQUEST,
    AmountRequired = "3286" "The property amount is required" BAD_REQUEST,
    CurrencyRequired = "3287" "The property currency is required" BAD_REQUEST,
    AmountBelowLimit = "3358" "Operation amount is less than limit" BAD_REQUEST,
    AmountMustBeWhole = "3609" "Operation amount must be equal to the initial amount" BAD_REQUEST,
    AwaitingProcessing = "9999" "Awaiting processing" OK,
    CardDecline = "10000" "General decline" BAD_REQUEST,
    CardLimit = "10101" "Decline due to amount or frequency limit" BAD_REQUEST,
    CardData = "10102" "Incorrect data entered" BAD_REQUEST,
    CardFunds = "10105" "Insufficient funds on card" BAD_REQUEST,
    CardExpired = "10106" "Card expired" BAD_REQUEST,
    CardAuthentication = "10114" "Declined by 3DS Check" BAD_REQUEST,
    IssuerInoperative = "10202" "Issuer inoperative" BAD_REQUEST,
    PickUpCard = "10203" "Pick-up card" BAD_REQUEST,
    CardRestricted = "10204" "Restrictions for the customer card" BAD_REQUEST,
    CardCustomerRestricted = "10206" "Restrictions for the customer data" BAD_REQUEST,
    CardCancelled = "10301" "Operation was cancelled" BAD_REQUEST,
    CardSuspicious = "10402" "Suspicious operation" BAD_REQUEST,
    CardValidation = "10502" "Error during operation validation" BAD_REQUEST,
    CardTimeout = "10602" "Time-out" BAD_REQUEST,
    CardRequest = "10702" "Invalid request" BAD_REQUEST,
    MethodDecline = "20000" "General decline" BAD_REQUEST,
    LimitDecline = "20101" "Decline due to amount or frequency limit" BAD_REQUEST,
    AccountDataDecline = "20102" "Incorrect account data entered" BAD_REQUEST,
    InsufficientFunds = "20105" "Insufficient funds on customer account" BAD_REQUEST,
    AccountRestricted = "20201" "Restrictions for the customer account" BAD_REQUEST,
    OwnerCancelled = "20301" "Account owner cancelled operation" BAD_REQUEST,
    IncorrectAmountPaid = "20304" "Incorrect amount paid" BAD_REQUEST,
    Suspicious = "20402" "Suspicious operation" BAD_REQUEST,
    MethodTimeout = "20602" "Time-out" BAD_REQUEST,
}

/// The code that tells a merchant this reason.
///
/// Declines of a card have their own family, 10xxx; the other methods have 20xxx. What only a card
/// can meet is told alike by whatever method the card was taken.
pub const fn code_of(method: Method, reason: Reason) -> Code {
    match method {
        Method::Card => card_code(reason),
        Method::AlfaClick | Method::CardPartner => method_code(reason),
    }
}

const fn card_code(reason: Reason) -> Code {
    match reason {
        Reason::GeneralDecline => Code::CardDecline,
        Reason::InsufficientFunds => Code::CardFunds,
        Reason::CancelledByPayer => Code::CardCancelled,
        Reason::PayerTimedOut => Code::CardTimeout,
        Reason::LimitExceeded => Code::CardLimit,
        Reason::AccountRestricted => Code::CardCustomerRestricted,
        Reason::SuspectedFraud => Code::CardSuspicious,
        Reason::WrongAmountPaid => Code::CardValidation,
        Reason::ProviderRefusedData => Code::CardRequest,
        Reason::ClarificationTimedOut
        | Reason::ProviderUnavailable
        | Reason::IssuerUnavailable
        | Reason::AuthenticationFailed
        | Reason::WrongCardData
        | Reason::CardExpired
        | Reason::CardBlocked
        | Reason::CardNotPermitted
        | Reason::Interrupted
        | Reason::CaptureExceedsHold
        | Reason::HoldReleased
        | Reason::PartialVoidUnsupported
        | Reason::TwoStageUnsupported
        | Reason::RefundExceedsBalance
        | Reason::RefundCurrencyMismatch
        | Reason::PartialRefundUnsupported
        | Reason::WrongState
        | Reason::AmountBelowLimit
        | Reason::AmountAboveLimit
        | Reason::CurrencyUnsupported
        | Reason::MethodDisabled => method_code(reason),
    }
}

const fn method_code(reason: Reason) -> Code {
    match reason {
        Reason::GeneralDecline => Code::MethodDecline,
        Reason::InsufficientFunds => Code::InsufficientFunds,
        Reason::CancelledByPayer => Code::OwnerCancelled,
        Reason::PayerTimedOut => Code::MethodTimeout,
        Reason::ClarificationTimedOut => Code::AutoDecline,
        Reason::LimitExceeded => Code::LimitDecline,
        Reason::AccountRestricted => Code::AccountRestricted,
        Reason::SuspectedFraud => Code::Suspicious,
        Reason::WrongAmountPaid => Code::IncorrectAmountPaid,
        Reason::ProviderRefusedData => Code::AccountDataDecline,
        Reason::ProviderUnavailable => Code::ProviderUnavailable,
        Reason::IssuerUnavailable => Code::IssuerInoperative,
        Reason::AuthenticationFailed => Code::CardAuthentication,
        Reason::WrongCardData => Code::CardData,
        Reason::CardExpired => Code::CardExpired,
        Reason::CardBlocked => Code::PickUpCard,
        Reason::CardNotPermitted => Code::CardRestricted,
        Reason::Interrupted => Code::TryAgain,
        Reason::RefundExceedsBalance => Code::RefundExceedsBalance,
        Reason::RefundCurrencyMismatch => Code::RefundCurrencyMismatch,
        Reason::PartialRefundUnsupported | Reason::PartialVoidUnsupported => {
            Code::AmountMustBeWhole
        }
        Reason::WrongState | Reason::HoldReleased => Code::WrongState,
        Reason::AmountBelowLimit => Code::AmountBelowLimit,
        Reason::AmountAboveLimit | Reason::CaptureExceedsHold => Code::AmountAboveLimit,
        Reason::CurrencyUnsupported => Code::CurrencyDisabled,
        Reason::MethodDisabled | Reason::TwoStageUnsupported => Code::NotAllowedByProject,
    }
}

/// The request field a rejection is about, as `errors[].field` names it.
pub const fn field_of(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::AmountBelowLimit | Reason::AmountAboveLimit => Some("payment.amount"),
        Reason::CurrencyUnsupported => Some("payment.currency"),
        Reason::GeneralDecline
        | Reason::InsufficientFunds
        | Reason::CancelledByPayer
        | Reason::PayerTimedOut
        | Reason::ClarificationTimedOut
        | Reason::LimitExceeded
        | Reason::AccountRestricted
        | Reason::SuspectedFraud
        | Reason::WrongAmountPaid
        | Reason::ProviderRefusedData
        | Reason::ProviderUnavailable
        | Reason::IssuerUnavailable
        | Reason::AuthenticationFailed
        | Reason::WrongCardData
        | Reason::CardExpired
        | Reason::CardBlocked
        | Reason::CardNotPermitted
        | Reason::Interrupted
        | Reason::CaptureExceedsHold
        | Reason::HoldReleased
        | Reason::PartialVoidUnsupported
        | Reason::TwoStageUnsupported
        | Reason::RefundExceedsBalance
        | Reason::RefundCurrencyMismatch
        | Reason::PartialRefundUnsupported
        | Reason::WrongState
        | Reason::MethodDisabled => None,
    }
}
