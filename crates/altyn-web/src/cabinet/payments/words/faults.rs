//! What is wrong with a field, and what would be right.

use altyn_app::listing::{PAGE_SIZES, SEARCH_MAX_CHARS};

use crate::cabinet::payments::amounts::Fault;
use crate::cabinet::payments::filter::{Field, Problem, Wrong};
use crate::lang::Lang;

/// A problem of the filter, in a sentence.
pub fn problem(problem: Problem, lang: Lang) -> String {
    match problem.wrong {
        Wrong::Unsearchable => match lang {
            Lang::Russian => format!(
                "Поиск — не длиннее {SEARCH_MAX_CHARS} символов и без управляющих символов. \
                 Сократите запрос."
            ),
            Lang::English => format!(
                "A search has at most {SEARCH_MAX_CHARS} characters, no control characters. \
                 Shorten it."
            ),
        },
        Wrong::NoSuch => no_such(problem.field, lang).to_owned(),
        Wrong::NotADay => lang
            .pick("Это не дата. Пример: 22.11.2026.", "This is no date. Example: 22.11.2026.")
            .to_owned(),
        Wrong::NotASum(fault) => sum_fault(fault, lang).to_owned(),
        Wrong::Reversed => reversed(problem.field, lang).to_owned(),
        Wrong::NotASize => {
            let sizes: Vec<String> = PAGE_SIZES.iter().map(ToString::to_string).collect();
            let sizes = sizes.join(", ");
            match lang {
                Lang::Russian => {
                    format!("На странице может быть {sizes} платежей. Показано по 50.")
                }
                Lang::English => {
                    format!("A page can have {sizes} payments. Shown are 50.")
                }
            }
        }
        Wrong::NotAPlace => lang
            .pick(
                "Адрес страницы списка повреждён. Показано начало списка.",
                "The address of this part of the list is damaged. The beginning is shown.",
            )
            .to_owned(),
    }
}

fn no_such(field: Field, lang: Lang) -> &'static str {
    let (russian, english) = match field {
        Field::Status => ("Такого статуса нет.", "There is no such status."),
        Field::System => ("Такой платёжной системы нет.", "There is no such payment system."),
        Field::Method => ("Такого способа оплаты нет.", "There is no such method."),
        Field::Currency => ("Такой валюты нет.", "There is no such currency."),
        Field::Project => ("Такого проекта нет.", "There is no such project."),
        Field::Search
        | Field::From
        | Field::To
        | Field::Min
        | Field::Max
        | Field::Size
        | Field::Place => ("Такого значения нет.", "There is no such value."),
    };
    lang.pick(russian, english)
}

fn reversed(field: Field, lang: Lang) -> &'static str {
    let (russian, english) = match field {
        Field::To => (
            "Конец периода раньше начала. Поменяйте даты местами.",
            "The last day is before the first. Swap the dates.",
        ),
        Field::Max => (
            "Наибольшая сумма меньше наименьшей. Поменяйте суммы местами.",
            "The greatest sum is less than the least. Swap the sums.",
        ),
        Field::Search
        | Field::Status
        | Field::System
        | Field::Method
        | Field::Currency
        | Field::Project
        | Field::From
        | Field::Min
        | Field::Size
        | Field::Place => ("Границы перепутаны.", "The bounds are reversed."),
    };
    lang.pick(russian, english)
}

/// Why a text is no sum.
pub fn sum_fault(fault: Fault, lang: Lang) -> &'static str {
    let (russian, english) = match fault {
        Fault::NotANumber => (
            "Введите сумму цифрами, например 1\u{a0}000,50.",
            "Enter the sum in digits, for example 1000.50.",
        ),
        Fault::TooPrecise => (
            "После запятой слишком много знаков. Тысячи отделяйте пробелом: 1\u{a0}000,50.",
            "Too many digits after the decimal mark. Set thousands apart by a space: 1\u{a0}000.50.",
        ),
        Fault::TooLarge => ("Сумма слишком велика.", "The sum is too large."),
    };
    lang.pick(russian, english)
}
