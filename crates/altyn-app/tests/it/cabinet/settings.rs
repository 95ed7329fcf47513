//! A project's settings, its secret and its clock.

use altyn_app::access::Actor;
use altyn_app::access::audit::Action;
use altyn_app::access::user::Role;
use altyn_app::cabinet::{ProjectForm, SettingsError, move_clock, rotate_secret, save_project};
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::method::{Method, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::project::Project;
use altyn_domain::time::{DAY_MS, HOUR_MS};
use altyn_testkit::build;

use super::{DONE, Office, REFUSED, actor};

impl Office {
    fn settings(&self) -> Project {
        self.world.context.projects.get(self.project()).unwrap().project.clone()
    }

    /// Saves the settings with a change, as somebody.
    pub async fn save(
        &self,
        who: &Actor,
        change: impl FnOnce(&mut Project),
    ) -> Result<(), SettingsError> {
        let before = self.settings();
        let mut after = before.clone();
        change(&mut after);
        save_project(&self.cabinet, who, ProjectForm { before, after }).await
    }
}

fn platform() -> Actor {
    actor("platform", &[(None, Role::Administrator)])
}

type Change = fn(&mut Project);

#[tokio::test]
async fn what_changed_is_saved_and_in_the_log() {
    let office = Office::new().await;
    let who = office.administrator();
    let saved = office.save(&who, |project| {
        project.callback_url = Some("https://shop.example/new?token=very-secret".to_owned());
        project.notify_email = Some("shop@example.com".to_owned());
        project.dialect = CallbackDialect::Paykeeper;
        project.capture_after_ms = DAY_MS;
        project.retry_plan = RetryPlan::Pauses(vec![1_000, 60_000]);
        project.two_stage = true;
        project.methods.pop();
    });
    saved.await.unwrap();
    let now = office.settings();
    assert_eq!(now.dialect, CallbackDialect::Paykeeper);
    assert_eq!((now.two_stage, now.methods.len()), (true, 2));
    let entry = office.log().await.remove(0).entry;
    assert_eq!((entry.action, entry.result), (Action::ChangeProject, DONE));
    assert_eq!(entry.project, Some(office.project()));
    for fact in [
        "callback_url: http",
        "→ https://shop.example/new?…",
        "notify_email: — → shop@example.com",
        "dialect: ecommpay → paykeeper",
        "capture_after: 144 h → 24 h",
        "retry_plan: documented → 1, 60 s",
        "two_stage: false → true",
    ] {
        assert!(entry.detail.contains(fact), "{fact}: {}", entry.detail);
    }
    assert!(!entry.detail.contains("very-secret") && !entry.detail.contains("name:"));
    // The same again changes nothing and is not in the log.
    office.save(&who, |_| {}).await.unwrap();
    assert_eq!(office.log().await.len(), 1);
}

#[tokio::test]
async fn settings_that_changed_meanwhile_are_not_overwritten() {
    let office = Office::with(|project| project.test = true).await;
    let who = office.administrator();
    let before = office.settings();
    office.save(&who, |project| project.name = "Первый".to_owned()).await.unwrap();
    let after = Project { name: "Второй".to_owned(), ..before.clone() };
    let form = ProjectForm { before, after };
    let found = save_project(&office.cabinet, &who, form).await;
    assert!(matches!(found, Err(SettingsError::Moved)), "{found:?}");
    assert_eq!(office.settings().name, "Первый");
    // A clock that moved is no change of the form's.
    let before = office.settings();
    move_clock(&office.cabinet, &who, office.project(), HOUR_MS).await.unwrap();
    let after = Project { name: "Третий".to_owned(), ..before.clone() };
    save_project(&office.cabinet, &who, ProjectForm { before, after }).await.unwrap();
    let now = office.settings();
    assert_eq!((now.name.as_str(), now.clock_offset_ms), ("Третий", HOUR_MS));
}

const WRONG: &[(&str, Change)] = &[
    ("id", |project| project.id = build::project_id(9)),
    ("clock", |project| project.clock_offset_ms = 1),
    ("name", |project| project.name = "  ".to_owned()),
    ("name", |project| project.name = "a\nb".to_owned()),
    ("name", |project| project.name = "я".repeat(201)),
    ("callback_url", |project| project.callback_url = Some(String::new())),
    ("callback_url", |project| project.callback_url = Some("shop.example".to_owned())),
    ("callback_url", |project| project.callback_url = Some("ftp://shop.example".to_owned())),
    ("callback_url", |project| project.callback_url = Some("javascript:alert(1)".to_owned())),
    ("callback_url", |project| project.callback_url = Some("https://".to_owned())),
    ("callback_url", |project| project.callback_url = Some("https://a b/".to_owned())),
    ("callback_url", |project| project.callback_url = Some("https://u:p@shop.example".to_owned())),
    ("callback_url", |project| {
        project.callback_url = Some(format!("https://shop.example/{}", "a".repeat(2_048)));
    }),
    ("return_success", |project| project.return_urls.success = Some("x".to_owned())),
    ("return_decline", |project| project.return_urls.decline = Some("x".to_owned())),
    ("return_back", |project| project.return_urls.back = Some("x".to_owned())),
    ("notify_email", |project| project.notify_email = Some("shop".to_owned())),
    ("notify_email", |project| project.notify_email = Some("shop@local".to_owned())),
    ("notify_email", |project| project.notify_email = Some("a@b@example.com".to_owned())),
    ("notify_email", |project| project.notify_email = Some("a@example.com\r\nBcc: b".to_owned())),
    ("notify_email", |project| {
        project.notify_email = Some("a@example.com,b@example.com".to_owned())
    }),
    ("notify_email", |project| {
        project.notify_email = Some(format!("a@{}.com", "b".repeat(254)));
    }),
    ("allowed_hosts", |project| project.allowed_hosts = vec!["https://shop.example".to_owned()]),
    ("allowed_hosts", |project| project.allowed_hosts = vec![String::new()]),
    ("allowed_hosts", |project| project.allowed_hosts = vec!["a.example".to_owned(); 51]),
    ("support", |project| project.support = Some("я".repeat(501))),
    ("support", |project| project.support = Some(String::new())),
    ("capture_after", |project| project.capture_after_ms = HOUR_MS - 1),
    ("capture_after", |project| project.capture_after_ms = 6 * DAY_MS + 1),
    ("retry_plan", |project| project.retry_plan = RetryPlan::Pauses(vec![-1])),
    ("retry_plan", |project| project.retry_plan = RetryPlan::Pauses(vec![7 * DAY_MS + 1])),
    ("retry_plan", |project| project.retry_plan = RetryPlan::Pauses(vec![0; 201])),
    ("methods", |project| project.methods[0].account = "nobody".to_owned()),
    ("methods", |project| project.methods[0].account = "partner".to_owned()),
    ("methods", |project| project.methods.push(project.methods[0].clone())),
    ("methods", |project| {
        let card = project.methods.iter_mut().find(|one| one.method == Method::Card).unwrap();
        card.scenario = Scenario::Instruction;
    }),
];

#[tokio::test]
async fn values_that_are_not_possible_are_refused_by_name() {
    let office = Office::new().await;
    let who = platform();
    for (name, change) in WRONG {
        match office.save(&who, change).await {
            Err(SettingsError::Invalid(found)) => assert_eq!(found, *name),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(office.tried().await, vec![(Action::ChangeProject, REFUSED); WRONG.len()]);
    let fine: &[Change] = &[
        |project| project.callback_url = None,
        |project| project.callback_url = Some("http://127.0.0.1:9/told?a=1#b".to_owned()),
        |project| project.callback_url = Some("https://магазин.рф/".to_owned()),
        |project| project.notify_email = Some("бухгалтер@пример.рф".to_owned()),
        |project| project.allowed_hosts = vec!["shop.example".to_owned(), "[::1]".to_owned()],
        |project| project.support = Some("+7 495 000-00-00".to_owned()),
        |project| project.capture_after_ms = HOUR_MS,
        |project| project.retry_plan = RetryPlan::Pauses(Vec::new()),
    ];
    for change in fine {
        office.save(&who, change).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_changes_is_judged() {
    // By command a hold may wait for longer than the form offers.
    let office = Office::with(|project| project.capture_after_ms = 20 * DAY_MS).await;
    office.save(&office.administrator(), |project| project.two_stage = true).await.unwrap();
    assert_eq!(office.settings().capture_after_ms, 20 * DAY_MS);
}

#[tokio::test]
async fn fees_accounts_and_real_money_are_the_platforms_own() {
    let office = Office::new().await;
    let changes: &[Change] = &[
        |project| project.methods[0].fee = BasisPoints::new(1).unwrap(),
        |project| project.test = true,
    ];
    for change in changes {
        let found = office.save(&office.administrator(), change).await;
        assert!(matches!(found, Err(SettingsError::Denied(_))), "{found:?}");
        office.save(&platform(), change).await.unwrap();
    }
    // A method that was dropped needs a fee to come back.
    office.save(&office.administrator(), |project| project.methods.truncate(2)).await.unwrap();
    let dropped = office.world.project.project.methods[2].clone();
    let found = office.save(&office.administrator(), |project| project.methods.push(dropped)).await;
    assert!(matches!(found, Err(SettingsError::Denied(_))), "{found:?}");
}

#[tokio::test]
async fn only_who_manages_the_project_changes_it() {
    let office = Office::with(|project| project.test = true).await;
    let id = office.project();
    for (who, expected) in [
        (office.operator(), "denied"),
        (office.with_role(Role::Finance), "denied"),
        (office.with_role(Role::Support), "denied"),
        (office.stranger(), "not found"),
    ] {
        let answers = [
            office.save(&who, |project| project.two_stage = true).await,
            rotate_secret(&office.cabinet, &who, id).await.map(drop),
            move_clock(&office.cabinet, &who, id, 1).await.map(drop),
        ];
        for answer in answers {
            let found = match answer {
                Err(SettingsError::Denied(_)) => "denied",
                Err(SettingsError::NotFound) => "not found",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{}", who.user.login);
        }
    }
    assert_eq!(office.tried().await.len(), 12);
    assert!(office.tried().await.iter().all(|(_, result)| *result == REFUSED));
    let entry = &office.world.project;
    let nobody = rotate_secret(&office.cabinet, &platform(), build::project_id(99)).await;
    assert!(matches!(nobody, Err(SettingsError::NotFound)));
    assert_eq!(office.world.context.projects.get(id).unwrap().secret, entry.secret);
}

#[tokio::test]
async fn a_new_secret_leaves_the_old_one_a_day() {
    let office = Office::new().await;
    let first = office.world.project.secret.clone();
    let who = office.administrator();
    let made = rotate_secret(&office.cabinet, &who, office.project()).await.unwrap();
    assert_eq!(made.previous_until, office.now().plus_millis(DAY_MS));
    assert_eq!(made.secret.expose().len(), 64);
    let entry = office.world.context.projects.get(office.project()).unwrap();
    assert_eq!(entry.secret, made.secret);
    assert_eq!(entry.previous, Some((first.clone(), made.previous_until)));
    let again = rotate_secret(&office.cabinet, &who, office.project()).await.unwrap();
    assert_ne!(again.secret, made.secret);
    let entry = office.world.context.projects.get(office.project()).unwrap();
    assert_eq!(
        entry.previous,
        Some((first, made.previous_until)),
        "what the servers have stays good"
    );
    assert_eq!(office.tried().await, [(Action::RotateSecret, DONE); 2]);
    for stored in office.log().await {
        assert!(!stored.entry.detail.contains(made.secret.expose()), "{}", stored.entry.detail);
    }
    // Settings that are saved meanwhile keep the secrets.
    office.save(&who, |project| project.two_stage = true).await.unwrap();
    let entry = office.world.context.projects.get(office.project()).unwrap();
    assert_eq!(entry.secret, again.secret);
}

#[tokio::test]
async fn a_test_projects_clock_goes_forward_and_a_live_ones_does_not() {
    let office = Office::with(|project| project.test = true).await;
    let (who, id) = (office.administrator(), office.project());
    assert_eq!(move_clock(&office.cabinet, &who, id, DAY_MS).await.unwrap(), DAY_MS);
    assert_eq!(move_clock(&office.cabinet, &who, id, HOUR_MS).await.unwrap(), DAY_MS + HOUR_MS);
    for by_ms in [0, -1, i64::MAX] {
        let found = move_clock(&office.cabinet, &who, id, by_ms).await;
        assert!(matches!(found, Err(SettingsError::Invalid("clock"))), "{by_ms}: {found:?}");
    }
    let log = office.log().await;
    let results: Vec<_> = log.iter().map(|stored| stored.entry.result).collect();
    assert_eq!(results, [DONE, DONE, REFUSED, REFUSED, REFUSED]);
    assert!(log[0].entry.detail.contains("86400000 ms"), "{}", log[0].entry.detail);
    let live = Office::new().await;
    let found = move_clock(&live.cabinet, &live.administrator(), live.project(), DAY_MS).await;
    assert!(matches!(found, Err(SettingsError::Invalid("test"))), "{found:?}");
}

#[tokio::test]
async fn what_is_changed_at_once_is_all_kept() {
    let office = Office::with(|project| project.test = true).await;
    let (who, id) = (office.administrator(), office.project());
    for round in 1..=5 {
        let name = format!("Имя {round}");
        let (saved, rotated, moved) = tokio::join!(
            office.save(&who, |project| project.name.clone_from(&name)),
            rotate_secret(&office.cabinet, &who, id),
            move_clock(&office.cabinet, &who, id, HOUR_MS),
        );
        saved.unwrap();
        moved.unwrap();
        let now = office.world.context.projects.get(id).unwrap();
        assert_eq!(now.project.name, name, "round {round}");
        assert_eq!(now.secret, rotated.unwrap().secret, "round {round}");
        assert_eq!(now.project.clock_offset_ms, round * HOUR_MS);
    }
    assert_eq!(office.tried().await.len(), 15, "each is in the log once");
}

#[tokio::test]
async fn of_two_forms_saved_at_once_one_is_told() {
    let office = Office::new().await;
    let who = office.administrator();
    let (one, two) = tokio::join!(
        office.save(&who, |project| project.name = "Первый".to_owned()),
        office.save(&who, |project| project.two_stage = true),
    );
    one.unwrap();
    assert!(matches!(two, Err(SettingsError::Moved)), "{two:?}");
    let now = office.settings();
    assert_eq!((now.name.as_str(), now.two_stage), ("Первый", false));
}
