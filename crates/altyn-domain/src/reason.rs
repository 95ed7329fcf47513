//! Why an operation was declined or refused: one closed list.
//!
//! A dialect translates a reason into its own code and words; a provider's mapping table leads
//! into it. The text form is what the store keeps and what logs and pages quote.

macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// Why an operation ended without moving money.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$meta])* $name),+ }

        impl Reason {
            /// Every reason, for tests and documents.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Reads the text form back.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// The provider refused and gave no reason we can name.
    GeneralDecline = "general_decline",
    /// The payer's account has too little on it.
    InsufficientFunds = "insufficient_funds",
    /// The payer pressed «Отмена».
    CancelledByPayer = "cancelled_by_payer",
    /// The payer did nothing until the provider closed the order.
    PayerTimedOut = "payer_timed_out",
    /// The merchant did not send the missing data within 30 minutes.
    ClarificationTimedOut = "clarification_timed_out",
    /// An amount or frequency limit at the provider.
    LimitExceeded = "limit_exceeded",
    /// The payer's account is restricted or closed.
    AccountRestricted = "account_restricted",
    /// The provider's risk rules refused.
    SuspectedFraud = "suspected_fraud",
    /// The payer paid another sum than was asked.
    WrongAmountPaid = "wrong_amount_paid",
    /// The provider found the data of the request wrong.
    ProviderRefusedData = "provider_refused_data",
    /// The provider could not be reached; nothing was sent.
    ProviderUnavailable = "provider_unavailable",
    /// The card's issuer could not be reached.
    IssuerUnavailable = "issuer_unavailable",
    /// The payer did not pass 3-D Secure.
    AuthenticationFailed = "authentication_failed",
    /// The number, the date or the code of the card is wrong.
    WrongCardData = "wrong_card_data",
    /// The card has expired.
    CardExpired = "card_expired",
    /// The issuer has reported the card lost or stolen, or wants it back.
    CardBlocked = "card_blocked",
    /// The issuer does not allow this kind of payment by this card.
    CardNotPermitted = "card_not_permitted",
    /// The card's data was lost before it reached the acquirer; it is kept nowhere.
    Interrupted = "interrupted",
    /// More is to be captured than is held.
    CaptureExceedsHold = "capture_exceeds_hold",
    /// The bank has let the hold go by itself; there is nothing to capture.
    HoldReleased = "hold_released",
    /// A hold is released whole.
    PartialVoidUnsupported = "partial_void_unsupported",
    /// The method has no second stage.
    TwoStageUnsupported = "two_stage_unsupported",
    /// More is asked back than is left of the payment.
    RefundExceedsBalance = "refund_exceeds_balance",
    /// The refund is in another currency than the payment.
    RefundCurrencyMismatch = "refund_currency_mismatch",
    /// The method returns whole payments only.
    PartialRefundUnsupported = "partial_refund_unsupported",
    /// The payment is not in a state that allows this.
    WrongState = "wrong_state",
    /// Below the method's least amount.
    AmountBelowLimit = "amount_below_limit",
    /// Above the method's greatest amount.
    AmountAboveLimit = "amount_above_limit",
    /// The method does not take this currency.
    CurrencyUnsupported = "currency_unsupported",
    /// The project does not have this method.
    MethodDisabled = "method_disabled",
}
