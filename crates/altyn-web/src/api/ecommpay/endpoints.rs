//! The Gate's endpoints as data: the router and the contract are both made from this list.

use axum::routing::{MethodRouter, post};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use altyn_domain::method::Method;

use super::handlers::{self, card, clock};
use super::requests::{
    AuthenticationRequest, CardSaleRequest, ClarificationRequest, ClockRequest, FingerprintRequest,
    HoldRequest, RefundRequest, RequestStatusRequest, SaleRequest, StatusRequest,
};
use crate::lang::Lang;
use crate::state::Web;

/// What an endpoint answers when it does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// That the request was taken; the result comes by callback.
    Acceptance,
    /// A payment, or that there is none.
    Document,
    /// A payment; when there is none, the request is refused.
    DocumentOnly,
    /// What time it is now for the project.
    Time,
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident {
        path: $path:literal, $id:literal,
        $body:ty => $handler:path => $answers:ident, $method:expr,
        title: $russian:literal $english:literal,
        about: $about_russian:literal $about_english:literal,
    })+) => {
        /// An endpoint of the Gate. Each takes `POST` with a signed JSON body.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Endpoint { $($(#[$doc])* $name),+ }

        impl Endpoint {
            /// Every endpoint, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its path, with the names of its parameters in braces.
            pub const fn path(self) -> &'static str {
                match self { $(Self::$name => $path),+ }
            }

            /// A name for programs and for anchors.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }

            /// What it is called.
            pub fn title(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($russian, $english)),+ }
            }

            /// What it does, in a sentence or two.
            pub fn about(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($about_russian, $about_english)),+ }
            }

            /// The method that its path stands for, when it stands for one.
            pub const fn method(self) -> Option<Method> {
                match self { $(Self::$name => $method),+ }
            }

            /// What it answers.
            pub const fn answers(self) -> Answers {
                match self { $(Self::$name => Answers::$answers),+ }
            }

            /// The schema of its body and the name of that; a sale's is narrowed to its method
            /// elsewhere.
            pub fn body(self) -> (String, RefOr<Schema>) {
                match self {
                    $(Self::$name => {
                        (<$body>::name().into_owned(), <$body as PartialSchema>::schema())
                    }),+
                }
            }

            /// What answers it.
            pub fn handler(self) -> MethodRouter<Web> {
                match self { $(Self::$name => post($handler)),+ }
            }
        }
    };
}

endpoints! {
    /// A sale by card.
    CardSale {
        path: "/v2/payment/card/sale", "card-sale",
        CardSaleRequest => card::sale => Acceptance, Some(Method::Card),
        title: "Оплата картой" "Sale by card",
        about: "Данные карты идут эквайеру и нигде не хранятся. Ответ говорит, что запрос принят и \
                записан. Шаги 3-D Secure и результат придут оповещениями."
               "The card goes to the acquirer and is kept nowhere. The answer says that the request \
                is taken and recorded. Steps of 3-D Secure, and the result, come by callback.",
    }
    /// A hold on a card.
    CardAuth {
        path: "/v2/payment/card/auth", "card-auth",
        CardSaleRequest => card::auth => Acceptance, Some(Method::Card),
        title: "Двухстадийная оплата картой: удержание" "Payment by card in two stages: hold",
        about: "Деньги удерживаются; затем их списывают capture или отпускают cancel. Если не \
                сделать ни того, ни другого, сумма спишется сама, пока удержание не истекло."
               "The money is held, and then taken by capture or released by cancel. If neither \
                comes, it is taken by itself before the hold runs out.",
    }
    /// Held money is taken.
    CardCapture {
        path: "/v2/payment/card/capture", "card-capture",
        HoldRequest => card::capture => Acceptance, Some(Method::Card),
        title: "Списание удержанного" "Capture of a hold",
        about: "Всё или часть, один раз; остаток удержания отпускается."
               "All or a part, once; what is left of the hold is released.",
    }
    /// Held money is released.
    CardCancel {
        path: "/v2/payment/card/cancel", "card-cancel",
        HoldRequest => card::cancel => Acceptance, Some(Method::Card),
        title: "Отмена удержания" "Cancel of a hold",
        about: "Удержание отпускается целиком: сумма, если она указана, равна удержанной."
               "A hold is released whole: a sum, if there is one, equals what is held.",
    }
    /// A refund to a card.
    CardRefund {
        path: "/v2/payment/card/refund", "card-refund",
        RefundRequest => card::refund => Acceptance, Some(Method::Card),
        title: "Возврат на карту" "Refund to a card",
        about: "Полный или частичный возврат. Без суммы возвращается всё, что осталось."
               "A full or partial refund. Without a sum, everything that is left is returned.",
    }
    /// The hidden frame of 3-D Secure has come back, or has not.
    FingerprintResult {
        path: "/v2/payment/card/3ds_check_iframe", "3ds-check-iframe",
        FingerprintRequest => card::check_iframe => Acceptance, Some(Method::Card),
        title: "3-D Secure 2: скрытый фрейм показан" "3-D Secure 2: the hidden frame was shown",
        about: "После оповещения с threeds2.iframe: отправьте в скрытый фрейм форму с params и \
                скажите, вернулся ли он за 10 секунд."
               "After a callback with threeds2.iframe: post params into a hidden frame, and say \
                whether it came back within 10 seconds.",
    }
    /// What the issuer answered.
    AuthenticationResult {
        path: "/v2/payment/card/3ds_result", "3ds-result",
        AuthenticationRequest => card::authentication_result => Acceptance, Some(Method::Card),
        title: "Ответ банка-эмитента 3-D Secure" "The issuer’s answer of 3-D Secure",
        about: "cres после threeds2.redirect, pares и md после acs: то, с чем пользователь вернулся \
                от банка."
               "cres after threeds2.redirect, pares and md after acs: what the payer came back with \
                from the bank.",
    }
    /// A sale through internet banking.
    OnlineBankingSale {
        path: "/v2/payment/online-banking/{method}/sale", "online-banking-sale",
        SaleRequest => handlers::online_banking_sale => Acceptance, Some(Method::AlfaClick),
        title: "Оплата «Альфа-Клик»" "Sale by Alfa-Click",
        about: "Ответ говорит, что запрос принят и записан. Данные для перенаправления \
                пользователя и результат придут оповещениями."
               "The answer says that the request is taken and recorded. Where to send the payer, \
                and the result, come by callback.",
    }
    /// A refund of such a sale.
    OnlineBankingRefund {
        path: "/v2/payment/online-banking/{method}/refund", "online-banking-refund",
        RefundRequest => handlers::online_banking_refund => Acceptance, Some(Method::AlfaClick),
        title: "Возврат «Альфа-Клик»" "Refund by Alfa-Click",
        about: "Полный или частичный возврат. Без суммы возвращается всё, что осталось."
               "A full or partial refund. Without a sum, everything that is left is returned.",
    }
    /// A sale by card through a partner.
    CardPartnerSale {
        path: "/v2/payment/card-partner/sale", "card-partner-sale",
        SaleRequest => handlers::card_partner_sale => Acceptance, Some(Method::CardPartner),
        title: "Оплата картой через партнёра" "Sale by card partner",
        about: "Ответ говорит, что запрос принят и записан. Данные для перенаправления \
                пользователя и результат придут оповещениями."
               "The answer says that the request is taken and recorded. Where to send the payer, \
                and the result, come by callback.",
    }
    /// A refund of such a sale.
    CardPartnerRefund {
        path: "/v2/payment/card-partner/refund", "card-partner-refund",
        RefundRequest => handlers::card_partner_refund => Acceptance, Some(Method::CardPartner),
        title: "Возврат на карту через партнёра" "Refund by card partner",
        about: "Только полный возврат: сумма, если она указана, равна сумме оплаты."
               "Full refunds only: a sum, if there is one, equals that of the sale.",
    }
    /// A refund whatever the method.
    AnyRefund {
        path: "/v2/payment/refund", "refund",
        RefundRequest => handlers::any_refund => Acceptance, None,
        title: "Возврат любым методом" "Refund by any method",
        about: "Возврат по идентификатору платежа; метод берётся из самого платежа."
               "A refund by the payment's id; the method is that of the payment.",
    }
    /// Data that was missing.
    Clarification {
        path: "/v2/payment/clarification", "clarification",
        ClarificationRequest => handlers::clarification => Acceptance, None,
        title: "Дополнение информации о платеже" "Clarification",
        about: "Недостающие данные, о которых спросило оповещение со статусом awaiting \
                clarification. Если за 30 минут ничего не прислать, платёж будет отклонён."
               "The data that a callback with the status awaiting clarification asked for. \
                If nothing comes within 30 minutes, the payment is declined.",
    }
    /// How a payment stands.
    Status {
        path: "/v2/payment/status", "status",
        StatusRequest => handlers::status => Document, None,
        title: "Статус платежа" "Status of a payment",
        about: "Платёж и его операции сейчас. Ответ подписан. Неизвестный платёж — не отказ: \
                ответ 200 с кодом 3061."
               "The payment and its operations as they stand. The answer is signed. A payment \
                that is not known is not a decline: 200 with code 3061.",
    }
    /// What became of a request.
    StatusOfRequest {
        path: "/v2/payment/status/request", "status-of-request",
        RequestStatusRequest => handlers::status_of_request => DocumentOnly, None,
        title: "Статус запроса" "Status of a request",
        about: "То же, по request_id из ответа или оповещения."
               "The same, by the request_id of an answer or callback.",
    }
    /// A test project's clock goes forward.
    TestClock {
        path: "/v2/test/clock", "test-clock",
        ClockRequest => clock::forward => Time, None,
        title: "Часы тестового проекта" "The clock of a test project",
        about: "Переводит часы проекта вперёд: то, что ждёт полчаса или неделю, наступает сразу. \
                Назад часы не идут; повтор запроса переведёт их ещё раз. У боевого проекта такого \
                нет."
               "Moves the project's clock forward: what waits for half an hour or a week comes at \
                once. It never goes back; a repeat moves it once more. A live project has no such \
                thing.",
    }
}
