//! Every reason is said in both languages.

use altyn_domain::reason::Reason;

use super::*;

#[test]
fn every_reason_is_two_sentences_in_each_language() {
    for said in Reason::ALL.iter().flat_map(|each| Lang::ALL.iter().map(|l| reason(*each, *l))) {
        for sentence in [said.what, said.advice] {
            assert!(sentence.ends_with('.') && sentence.len() > 8, "{said:?}");
        }
    }
    for each in Reason::ALL {
        assert!(
            reason(*each, Lang::English).what.is_ascii()
                || reason(*each, Lang::English).what.contains('’')
        );
        assert_ne!(reason(*each, Lang::Russian), reason(*each, Lang::English));
    }
}
