//! «Загрузить реестр платежей»: asking and fetching.

use altyn_app::access::Actor;
use altyn_app::access::audit::Action;
use altyn_app::access::user::Role;
use altyn_app::cabinet::{ExportRefused, RegisterRequest, ask_for_register, fetch_register};
use altyn_app::export::{EXPORT_LIFE_MS, EXPORTS_AT_ONCE, Export, ExportFormat, ExportState};
use altyn_app::listing::{ListingFilter, SearchText};
use altyn_app::ports::ExportStore;
use altyn_domain::id::ProjectId;
use altyn_domain::status::Status;
use altyn_domain::time::MINUTE_MS;

use super::{DONE, Office, REFUSED, actor};

fn request(projects: &[ProjectId]) -> RegisterRequest {
    let filter = ListingFilter {
        projects: projects.to_vec(),
        statuses: vec![Status::Success, Status::Stuck],
        search: SearchText::new("Иванов"),
        ..ListingFilter::default()
    };
    RegisterRequest { filter, format: ExportFormat::Xlsx, language: "en".to_owned() }
}

impl Office {
    /// What the maker does.
    async fn made(&self, export: &Export) {
        let store = &self.world.store;
        let until = self.now().plus_millis(MINUTE_MS);
        let mut claimed = store.claim_export("maker", self.now(), until).await.unwrap().unwrap();
        assert_eq!(claimed.id, export.id);
        claimed.state = ExportState::Ready;
        claimed.ended_at = Some(self.now());
        assert!(store.save_export(&claimed, "maker", until).await.unwrap());
    }

    async fn fetched(&self, who: &Actor, id: i64) -> &'static str {
        match fetch_register(&self.cabinet, who, id).await {
            Ok(export) => {
                assert_eq!((export.id, export.state), (id, ExportState::Ready));
                "fetched"
            }
            Err(ExportRefused::NotFound) => "not found",
            Err(ExportRefused::Denied(_)) => "denied",
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_register_is_asked_for_made_and_fetched() {
    let office = Office::new().await;
    let who = office.with_role(Role::Finance);
    let asked = request(&[office.project()]);
    let export = ask_for_register(&office.cabinet, &who, asked.clone()).await.unwrap();
    assert_eq!(office.woken.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!((export.user, &export.filter), (who.user.id, &asked.filter));
    assert_eq!((export.state, export.language.as_str()), (ExportState::Making, "en"));
    assert_eq!(export.expires_at, office.now().plus_millis(EXPORT_LIFE_MS));
    let stored = office.world.store.export(export.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&export));
    let entry = office.log().await.remove(0).entry;
    assert_eq!((entry.action, entry.project), (Action::Export, Some(office.project())));
    for fact in [&export.id.to_string(), "xlsx", "success, stuck", "search иванов"] {
        assert!(entry.detail.contains(fact), "{fact}: {}", entry.detail);
    }
    assert_eq!(office.fetched(&who, export.id).await, "not found");
    office.made(&export).await;
    assert_eq!(office.fetched(&who, export.id).await, "fetched");
    assert_eq!(office.tried().await, [(Action::Export, DONE), (Action::Download, DONE)]);
    office.world.clock.advance(EXPORT_LIFE_MS);
    assert_eq!(office.fetched(&who, export.id).await, "not found");
}

#[tokio::test]
async fn every_project_of_it_must_be_his_to_export() {
    let office = Office::new().await;
    let other = office.other_project().await.project.id;
    let own = office.project();
    let everywhere = actor("platform", &[(None, Role::Finance)]);
    for (who, projects, expected) in [
        (office.with_role(Role::Operator), vec![own], true),
        (office.with_role(Role::Support), vec![own], false),
        (office.with_role(Role::Operator), vec![own, other], false),
        (office.with_role(Role::Operator), vec![], false),
        (office.stranger(), vec![own], false),
        (everywhere, vec![own, other], true),
    ] {
        let found = ask_for_register(&office.cabinet, &who, request(&projects)).await;
        match found {
            Ok(_) => assert!(expected, "{} {projects:?}", who.user.login),
            Err(ExportRefused::Denied(_)) => assert!(!expected, "{} {projects:?}", who.user.login),
            Err(other) => panic!("{other:?}"),
        }
    }
    let refused = office.tried().await.into_iter().filter(|(_, result)| *result == REFUSED);
    assert_eq!(refused.count(), 4);
}

#[tokio::test]
async fn a_register_is_its_askers_alone_and_only_while_he_may_see_all_of_it() {
    let office = Office::new().await;
    let other = office.other_project().await.project.id;
    let mut who =
        actor("both", &[(Some(office.project()), Role::Finance), (Some(other), Role::Operator)]);
    let both = request(&[office.project(), other]);
    let export = ask_for_register(&office.cabinet, &who, both).await.unwrap();
    office.made(&export).await;
    let platform = actor("platform", &[(None, Role::Administrator)]);
    assert_eq!(office.fetched(&platform, export.id).await, "not found");
    assert_eq!(office.fetched(&who, export.id + 1).await, "not found");
    assert_eq!(office.fetched(&who, export.id).await, "fetched");
    who.user.memberships[1].role = Role::Support;
    assert_eq!(office.fetched(&who, export.id).await, "denied");
    who.user.memberships.pop();
    assert_eq!(office.fetched(&who, export.id).await, "denied");
    let tried = office.tried().await.split_off(1);
    let expected = [REFUSED, REFUSED, DONE, REFUSED, REFUSED];
    assert_eq!(tried, expected.map(|result| (Action::Download, result)));
}

#[tokio::test]
async fn so_many_at_once_and_no_more() {
    let office = Office::new().await;
    let who = office.operator();
    let ask = async || ask_for_register(&office.cabinet, &who, request(&[office.project()])).await;
    let first = ask().await.unwrap();
    for _ in 1..EXPORTS_AT_ONCE {
        office.world.clock.advance(1);
        ask().await.unwrap();
    }
    assert!(matches!(ask().await, Err(ExportRefused::TooMany)));
    // Somebody else has his own.
    let other = office.administrator();
    ask_for_register(&office.cabinet, &other, request(&[office.project()])).await.unwrap();
    office.made(&first).await;
    ask().await.unwrap();
}
