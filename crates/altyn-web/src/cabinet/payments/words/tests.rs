//! What an action said is a sentence in both languages.

use altyn_app::cabinet::ActionError;
use altyn_domain::money::{Amount, Currency};

use super::*;

fn rub(minor: i64) -> Amount {
    Amount::new(minor, Currency::RUB).unwrap()
}

#[test]
fn every_parameter_has_a_label_and_a_sentence_in_both_languages() {
    for key in Key::ALL {
        let (russian, english) = (about(*key, Lang::Russian), about(*key, Lang::English));
        assert_eq!(russian.code, english.code);
        for said in [russian, english] {
            assert!(!said.label.is_empty() && said.sentence.ends_with('.'), "{said:?}");
        }
        assert_ne!(russian.sentence, english.sentence);
    }
}

#[test]
fn events_and_outcomes_are_said() {
    for lang in Lang::ALL {
        for happened in OperationEvent::ALL.iter().copied().map(Some).chain([None]) {
            assert!(!event(happened, *lang).is_empty());
        }
        for word in ["approved", "declined", "pending", "not_sent", "unknown"] {
            assert_ne!(outcome(word, *lang), word.to_owned() + "?");
        }
        assert_eq!(outcome("something new", *lang), "something new");
    }
}

#[test]
fn what_an_action_will_do_names_the_sum_and_the_status() {
    let said = will_capture(rub(100_000), rub(40_000), Lang::Russian);
    assert!(said.contains("400,00\u{202f}₽") && said.contains("600,00\u{202f}₽"), "{said}");
    let whole = will_capture(rub(100), rub(100), Lang::English);
    assert!(!whole.contains("released"), "{whole}");
    assert!(will_void(rub(100), Lang::Russian).contains("«Отменен»"));
}

#[test]
fn an_action_that_was_not_carried_out_says_what_to_do() {
    let most = rub(70_050);
    let said = action_error(&ActionError::Amount { most }, Lang::Russian);
    assert_eq!(said, "Сумма — больше нуля и не больше 700,50\u{202f}₽.");
    let said = action_error(&ActionError::Position(1), Lang::English);
    assert!(said.starts_with("Position 2"), "{said}");
}
