//! Every parameter of a payment that the tabs show: its name in the API, its label, and a sentence
//! on what it is (seed 000, paykeeper.md §6.2, §6.3, §8.3).

use crate::lang::Lang;

/// What a parameter is called and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in the API and in support's questions.
    pub code: &'static str,
    /// Its label.
    pub label: &'static str,
    /// A sentence.
    pub sentence: &'static str,
}

macro_rules! params {
    ($($name:ident = $code:literal: $ru:literal, $en:literal; $about_ru:literal, $about_en:literal;)+) => {
        /// A parameter of a payment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key { $(
            #[doc = concat!("`", $code, "`")]
            $name
        ),+ }

        #[cfg(test)]
        impl Key {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        /// What it is called and what it is.
        pub const fn about(key: Key, lang: Lang) -> About {
            match (key, lang) {
                $((Key::$name, Lang::Russian) => {
                    About { code: $code, label: $ru, sentence: $about_ru }
                }
                (Key::$name, Lang::English) => {
                    About { code: $code, label: $en, sentence: $about_en }
                })+
            }
        }
    };
}

params! {
    Id = "id": "Номер платежа", "Payment number";
        "Номер платежа в системе: по нему платёж находит служба поддержки.",
        "The payment’s number in the platform, by which support finds it.";
    UniqueId = "unique_id": "Номер в банке", "Number at the bank";
        "Номер заказа или транзакции у банка-эквайера.",
        "The acquirer’s number of the order or transaction.";
    Amount = "pay_amount": "Сумма", "Amount";
        "Сумма, которую магазин запросил у плательщика.",
        "What the shop asked the payer for.";
    Captured = "captured": "Списано", "Captured";
        "Сколько денег действительно взято с плательщика.",
        "What was really taken from the payer.";
    Refunded = "refund_amount": "Возвращено", "Refunded";
        "Сколько денег уже возвращено плательщику.",
        "What was returned to the payer so far.";
    Status = "status": "Статус", "Status";
        "Состояние платежа словами личного кабинета; в скобках — код для API.",
        "How the payment stands, in the cabinet’s words; its code for the API in brackets.";
    State = "state": "Состояние", "State";
        "Состояние денег без учёта оповещений.",
        "How the money stands, whatever the shop was told.";
    Project = "project": "Проект", "Project";
        "Точка приёма платежей, через которую прошла оплата.",
        "The point of acceptance the payment came through.";
    Method = "method": "Способ оплаты", "Method";
        "Чем платит плательщик.",
        "How the payer pays.";
    ClientId = "clientid": "Плательщик", "Payer";
        "Фамилия и имя плательщика или его номер у магазина, как передал магазин.",
        "The payer’s name, or the shop’s own number of him, as the shop passed it.";
    OrderId = "orderid": "Номер заказа", "Order number";
        "Номер заказа, который передал магазин.",
        "The order’s number, as the shop passed it.";
    ServiceName = "service_name": "Назначение", "Description";
        "За что платит плательщик: товар или услуга.",
        "What is paid for.";
    Email = "client_email": "Почта плательщика", "Payer’s e-mail";
        "Адрес электронной почты, который передал магазин или ввёл плательщик.",
        "The e-mail address that the shop passed or the payer typed.";
    Phone = "client_phone": "Телефон плательщика", "Payer’s phone";
        "Номер телефона, который передал магазин или ввёл плательщик.",
        "The telephone number that the shop passed or the payer typed.";
    PendingAt = "pending_datetime": "Создан", "Created";
        "Когда плательщик был направлен на оплату.",
        "When the payer was sent to pay.";
    ObtainAt = "obtain_datetime": "Получен", "Obtained";
        "Когда банк подтвердил оплату или удержание.",
        "When the bank approved the payment or the hold.";
    SuccessAt = "success_datetime": "Совершён", "Told";
        "Когда магазин принял оповещение об успешном платеже.",
        "When the shop took the word of the payment.";
    RepeatCounter = "repeat_counter": "Попыток оповещения", "Tries to tell";
        "Сколько раз отправлялось оповещение об успешном платеже.",
        "How many times the word of the payment was sent.";
    Reason = "reason": "Причина отказа", "Reason";
        "Почему деньги не взяты; код можно назвать службе поддержки.",
        "Why no money was taken; the code may be quoted to support.";
    PsId = "ps_id": "Платёжная система", "Payment system";
        "Банк-эквайер, через который прошёл платёж: номер и счёт в настройках.",
        "The acquirer that carried the payment: its number and its account in the settings.";
    CardNumber = "CARD_NUMBER": "Номер карты", "Card number";
        "Первые шесть и последние четыре цифры; полный номер нигде не хранится.",
        "The first six and the last four digits; the whole number is kept nowhere.";
    CardBrand = "card_type": "Карта", "Card scheme";
        "Платёжная система, выпустившая карту.",
        "The scheme of the card.";
    Expiry = "EXP": "Срок действия", "Valid thru";
        "Месяц и год, до конца которых действует карта.",
        "The last month in which the card may be used.";
    Holder = "NAME": "Держатель", "Holder";
        "Имя на карте, как его ввёл плательщик.",
        "The name on the card, as the payer typed it.";
    Rrn = "RRN": "RRN", "RRN";
        "Номер, по которому операцию находят банк плательщика и эквайер.",
        "The number by which the payer’s bank and the acquirer find the operation.";
    ApprovalCode = "APPROVAL_CODE": "Код авторизации", "Approval code";
        "Код, которым банк плательщика подтвердил операцию.",
        "The code by which the payer’s bank approved.";
    ThreeDs = "3DSECURE": "3-D Secure", "3-D Secure";
        "Как банк проверил плательщика; код ECI задан платёжной системой.",
        "How the bank made sure of the payer; ECI is the scheme’s code for it.";
    IsCaptured = "captured_all": "Платёж списан", "Captured";
        "Списаны ли деньги; в двухэтапном режиме они сначала удерживаются.",
        "Whether the money was taken; in two stages it is held first.";
    CaptureAt = "batch_date": "Автоматическое списание", "Automatic capture";
        "Когда удержанные деньги спишутся сами, если не сделать этого раньше.",
        "When held money is captured by itself, if nobody does it before.";
    Account = "account": "Логин в банке", "Login at the bank";
        "Логин плательщика в интернет-банке, на который выставляется счёт.",
        "The payer’s login at the internet bank, which is billed.";
    BankId = "bank_id": "Привязка карты", "Card binding";
        "Идентификатор привязанной карты для регулярных платежей; появляется, когда карта привязана.",
        "The id of a bound card for recurring payments; it appears when a card is bound.";
    ClientIp = "client_ip": "Адрес плательщика", "Payer’s address";
        "IP-адрес, с которого платил плательщик.",
        "The network address the payer paid from.";
    Operation = "operation": "Номер операции", "Operation number";
        "Номер операции в системе.",
        "The operation’s number in the platform.";
    OrderNumber = "order_number": "Номер для банка", "Number for the bank";
        "Номер, под которым операция передана банку.",
        "The number under which the bank was given the operation.";
    FopReceiptKey = "fop_receipt_key": "Ключ чека", "Receipt key";
        "Назначается перед фискализацией и служит частью прямой ссылки на чек: случайное неподбираемое число.",
        "Given just before fiscalization, part of the receipt’s direct link: random and unguessable.";
    FopUuid = "fop_uuid": "Запрос фискализации", "Fiscal request";
        "Уникальный идентификатор запроса к фискальному провайдеру.",
        "The id of the request to the fiscal provider.";
    FopFpd = "fop_fpd": "ФПД", "Fiscal signature";
        "Фискальная подпись документа — конечная цель фискализации.",
        "The fiscal signature of the document, which is the aim of fiscalization.";
    FopFnd = "fop_fnd": "ФНД", "Fiscal document number";
        "Фискальный номер документа: уникальный порядковый номер чека в кассе.",
        "The fiscal document number: unique within the cash register.";
    FopReceiptNumber = "fop_receipt_number": "Номер чека в смене", "Receipt in the shift";
        "Порядковый номер чека в смене.",
        "The number of the receipt within the shift.";
    FopFn = "fop_fn": "Номер ФН", "Fiscal drive";
        "Номер фискального накопителя.",
        "The number of the fiscal drive.";
    FopRnkkt = "fop_rnkkt": "РН ККТ", "Cash register";
        "Регистрационный номер кассового терминала.",
        "The registration number of the cash register.";
}
