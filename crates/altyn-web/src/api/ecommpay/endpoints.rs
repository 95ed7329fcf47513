//! The Gate's endpoints as data: the router and the contract are both made from this list.

use axum::routing::{MethodRouter, post};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use altyn_domain::method::Method;

use super::handlers;
use super::requests::{
    ClarificationRequest, RefundRequest, RequestStatusRequest, SaleRequest, StatusRequest,
};
use crate::lang::Lang;
use crate::state::Web;

/// An endpoint of the Gate. Each takes `POST` with a signed JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A sale through internet banking.
    OnlineBankingSale,
    /// A refund of such a sale.
    OnlineBankingRefund,
    /// A sale by card through a partner.
    CardPartnerSale,
    /// A refund of such a sale.
    CardPartnerRefund,
    /// A refund whatever the method.
    AnyRefund,
    /// Data that was missing.
    Clarification,
    /// How a payment stands.
    Status,
    /// What became of a request.
    StatusOfRequest,
}

/// What an endpoint answers when it does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// That the request was taken; the result comes by callback.
    Acceptance,
    /// A payment, or that there is none.
    Document,
    /// A payment; when there is none, the request is refused.
    DocumentOnly,
}

impl Endpoint {
    /// Every endpoint, in the order of the contract.
    pub const ALL: &'static [Self] = &[
        Self::OnlineBankingSale,
        Self::OnlineBankingRefund,
        Self::CardPartnerSale,
        Self::CardPartnerRefund,
        Self::AnyRefund,
        Self::Clarification,
        Self::Status,
        Self::StatusOfRequest,
    ];

    /// Its path, with the names of its parameters in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::OnlineBankingSale => "/v2/payment/online-banking/{method}/sale",
            Self::OnlineBankingRefund => "/v2/payment/online-banking/{method}/refund",
            Self::CardPartnerSale => "/v2/payment/card-partner/sale",
            Self::CardPartnerRefund => "/v2/payment/card-partner/refund",
            Self::AnyRefund => "/v2/payment/refund",
            Self::Clarification => "/v2/payment/clarification",
            Self::Status => "/v2/payment/status",
            Self::StatusOfRequest => "/v2/payment/status/request",
        }
    }

    /// A name for programs and for anchors.
    pub const fn id(self) -> &'static str {
        match self {
            Self::OnlineBankingSale => "online-banking-sale",
            Self::OnlineBankingRefund => "online-banking-refund",
            Self::CardPartnerSale => "card-partner-sale",
            Self::CardPartnerRefund => "card-partner-refund",
            Self::AnyRefund => "refund",
            Self::Clarification => "clarification",
            Self::Status => "status",
            Self::StatusOfRequest => "status-of-request",
        }
    }

    /// What it is called.
    pub fn title(self, lang: Lang) -> &'static str {
        let (russian, english) = match self {
            Self::OnlineBankingSale => ("Оплата «Альфа-Клик»", "Sale by Alfa-Click"),
            Self::OnlineBankingRefund => ("Возврат «Альфа-Клик»", "Refund by Alfa-Click"),
            Self::CardPartnerSale => ("Оплата картой через партнёра", "Sale by card partner"),
            Self::CardPartnerRefund => {
                ("Возврат на карту через партнёра", "Refund by card partner")
            }
            Self::AnyRefund => ("Возврат любым методом", "Refund by any method"),
            Self::Clarification => ("Дополнение информации о платеже", "Clarification"),
            Self::Status => ("Статус платежа", "Status of a payment"),
            Self::StatusOfRequest => ("Статус запроса", "Status of a request"),
        };
        lang.pick(russian, english)
    }

    /// What it does, in a sentence or two.
    pub fn about(self, lang: Lang) -> &'static str {
        let (russian, english) = match self {
            Self::OnlineBankingSale | Self::CardPartnerSale => (
                "Ответ говорит, что запрос принят и записан. Данные для перенаправления \
                 пользователя и результат придут оповещениями.",
                "The answer says that the request is taken and recorded. Where to send the payer, \
                 and the result, come by callback.",
            ),
            Self::OnlineBankingRefund => (
                "Полный или частичный возврат. Без суммы возвращается всё, что осталось.",
                "A full or partial refund. Without a sum, everything that is left is returned.",
            ),
            Self::CardPartnerRefund => (
                "Только полный возврат: сумма, если она указана, равна сумме оплаты.",
                "Full refunds only: a sum, if there is one, equals that of the sale.",
            ),
            Self::AnyRefund => (
                "Возврат по идентификатору платежа; метод берётся из самого платежа.",
                "A refund by the payment's id; the method is that of the payment.",
            ),
            Self::Clarification => (
                "Недостающие данные, о которых спросило оповещение со статусом awaiting \
                 clarification. Если за 30 минут ничего не прислать, платёж будет отклонён.",
                "The data that a callback with the status awaiting clarification asked for. \
                 If nothing comes within 30 minutes, the payment is declined.",
            ),
            Self::Status => (
                "Платёж и его операции сейчас. Ответ подписан. Неизвестный платёж — не отказ: \
                 ответ 200 с кодом 3061.",
                "The payment and its operations as they stand. The answer is signed. A payment \
                 that is not known is not a decline: 200 with code 3061.",
            ),
            Self::StatusOfRequest => (
                "То же, по request_id из ответа или оповещения.",
                "The same, by the request_id of an answer or callback.",
            ),
        };
        lang.pick(russian, english)
    }

    /// The method that its path stands for, when it stands for one.
    pub const fn method(self) -> Option<Method> {
        match self {
            Self::OnlineBankingSale | Self::OnlineBankingRefund => Some(Method::AlfaClick),
            Self::CardPartnerSale | Self::CardPartnerRefund => Some(Method::CardPartner),
            Self::AnyRefund | Self::Clarification | Self::Status | Self::StatusOfRequest => None,
        }
    }

    /// What it answers.
    pub const fn answers(self) -> Answers {
        match self {
            Self::OnlineBankingSale
            | Self::OnlineBankingRefund
            | Self::CardPartnerSale
            | Self::CardPartnerRefund
            | Self::AnyRefund
            | Self::Clarification => Answers::Acceptance,
            Self::Status => Answers::Document,
            Self::StatusOfRequest => Answers::DocumentOnly,
        }
    }

    /// The schema of its body and the name of that; a sale's is narrowed to its method elsewhere.
    pub fn body(self) -> (String, RefOr<Schema>) {
        fn of<T: ToSchema>() -> (String, RefOr<Schema>) {
            (T::name().into_owned(), <T as PartialSchema>::schema())
        }
        match self {
            Self::OnlineBankingSale | Self::CardPartnerSale => of::<SaleRequest>(),
            Self::OnlineBankingRefund | Self::CardPartnerRefund | Self::AnyRefund => {
                of::<RefundRequest>()
            }
            Self::Clarification => of::<ClarificationRequest>(),
            Self::Status => of::<StatusRequest>(),
            Self::StatusOfRequest => of::<RequestStatusRequest>(),
        }
    }

    /// What answers it.
    pub fn handler(self) -> MethodRouter<Web> {
        match self {
            Self::OnlineBankingSale => post(handlers::online_banking_sale),
            Self::OnlineBankingRefund => post(handlers::online_banking_refund),
            Self::CardPartnerSale => post(handlers::card_partner_sale),
            Self::CardPartnerRefund => post(handlers::card_partner_refund),
            Self::AnyRefund => post(handlers::any_refund),
            Self::Clarification => post(handlers::clarification),
            Self::Status => post(handlers::status),
            Self::StatusOfRequest => post(handlers::status_of_request),
        }
    }
}
