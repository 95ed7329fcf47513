//! The guard's table, the URL forms of one address, and rebinding with scripted answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn only_public_addresses_pass() {
    let table = "
        0.0.0.0 no            0.1.2.3 no             10.0.0.1 no           10.255.255.255 no
        100.63.255.255 yes    100.64.0.0 no          100.127.255.255 no    100.128.0.0 yes
        127.0.0.1 no          127.255.255.254 no     169.254.169.254 no    169.254.0.1 no
        172.15.255.255 yes    172.16.0.1 no          172.31.255.255 no     172.32.0.0 yes
        192.0.0.8 no          192.0.2.1 no           192.88.99.1 no        192.168.1.1 no
        192.167.255.255 yes   198.17.255.255 yes     198.18.0.1 no         198.19.255.255 no
        198.51.100.7 no       203.0.113.7 no         223.255.255.255 yes   224.0.0.1 no
        239.255.255.255 no    240.0.0.1 no           255.255.255.255 no    8.8.8.8 yes
        1.1.1.1 yes           11.0.0.1 yes           126.255.255.255 yes   128.0.0.1 yes
        :: no                 ::1 no                 ::2 no                ::127.0.0.1 no
        ::8.8.8.8 yes         ::ffff:10.0.0.1 no     ::ffff:8.8.8.8 yes    ::ffff:0:127.0.0.1 no
        ::ffff:0:8.8.8.8 yes  64:ff9b::10.0.0.1 no   64:ff9b::8.8.8.8 yes  64:ff9b:1::8.8.8.8 no
        100::1 no             fc00::1 no             fd12:3456::1 no       fe80::1 no
        febf::1 no            fec0::1 no             ff02::1 no            ff0e::1 no
        2001:db8::1 no        3fff::1 no             2001:2::1 no          2001:10::1 no
        2001:20::1 no         5f00::1 no             4000::1 no            2606:4700::1111 yes
        2a00:1450::200e yes   2002:7f00:1::1 no      2002:a00:1::1 no      2002:808:808::1 yes
        2001:0:808:808:0:0:f5ff:fffe no              2001:0:7f00:1:0:0:f7f7:f7f7 no
        2001:0:808:808:0:0:f7f7:f7f7 yes             2a00::5efe:10.0.0.1 no
        2a00::200:5efe:192.168.0.1 no                2a00::5efe:8.8.8.8 yes";
    let cells: Vec<&str> = table.split_whitespace().collect();
    let policy = AddressPolicy::default();
    for pair in cells.chunks(2) {
        let address: IpAddr = pair[0].parse().unwrap();
        assert_eq!(policy.check_ip(address).is_ok(), pair[1] == "yes", "{address}");
    }
    assert!(cells.len() / 2 >= 70);
}

#[test]
fn one_address_has_many_spellings() {
    let refused = "
        http://127.0.0.1/ http://127.1/ http://127.0.1/ http://2130706433/ http://0x7f.0.0.1/
        http://0x7f000001/ http://0177.0.0.1/ http://017700000001/ http://0x7f.1/ http://127.0.0.1./
        http://%31%32%37.0.0.1/ http://１２７.0.0.1/ http://127。0。0。1/ http://[::1]/ http://[::]/
        http://0/ http://[::ffff:127.0.0.1]/ http://[0:0:0:0:0:ffff:7f00:1]/ http://[fe80::1]:8080/
        https://169.254.169.254/latest/meta-data http://10.1.2.3:8080/x http://[64:ff9b::7f00:1]/
        http:127.0.0.1 http:\\\\127.0.0.1\\x http:///127.0.0.1/ http://0.0.0.0:22/ http://127.1:25/
        http://0xa9.0xfe.0xa9.0xfe/ http://0251.0376.0251.0376/ http://2852039166/
        http://169.254.43518/ http://[::ffff:169.254.169.254]/ http://[::ffff:a9fe:a9fe]:80/
        http://[64:ff9b::a9fe:a9fe]/ http://[2002:7f00:1::]/ http://[2002:a9fe:a9fe::1]/
        http://[fc00::1]/ http://[fd00:ec2::254]/ http://[febf::1]/ http://[::7f00:1]/
        http://127.0.0.1%2e/ http://①②⑦.⓪.⓪.①/ HTTP://127.0.0.1";
    let policy = AddressPolicy::default();
    for text in refused.split_whitespace() {
        let result = policy.check_url(text);
        assert!(matches!(result, Err(Refusal::NotPublic(..))), "{text}: {result:?}");
    }
    let table = [
        ("ftp://example.com/", Refusal::Scheme),
        ("file:///etc/passwd", Refusal::Scheme),
        ("gopher://example.com/", Refusal::Scheme),
        ("javascript:alert(1)", Refusal::Scheme),
        ("http://user@example.com/", Refusal::UserInfo),
        ("http://:secret@example.com/", Refusal::UserInfo),
        ("http://example.com@127.0.0.1/", Refusal::UserInfo),
        ("", Refusal::Unreadable),
        ("example.com", Refusal::Unreadable),
        ("http://", Refusal::Unreadable),
        ("http://[::1", Refusal::Unreadable),
        ("http://256.1.1.1/", Refusal::Unreadable),
        ("http://1.2.3.4.5/", Refusal::Unreadable),
        ("http://a b/", Refusal::Unreadable),
        ("http://[fe80::1%25eth0]/", Refusal::Unreadable),
        ("http://127.0.0.1%00.example/", Refusal::Unreadable),
        ("http://shop.example:99999/", Refusal::Unreadable),
        ("http://[::ffff:127.0.0.1%5d/", Refusal::Unreadable),
        ("ws://shop.example/", Refusal::Scheme),
        ("unix:/run/docker.sock", Refusal::Scheme),
        ("data:text/plain,x", Refusal::Scheme),
        ("mailto:shop@example.com", Refusal::Scheme),
    ];
    for (text, refusal) in table {
        assert_eq!(policy.check_url(text).unwrap_err(), refusal, "{text}");
    }
    for text in ["https://shop.example:8443/cb?x=1", "http://8.8.8.8/", "http://[2606:4700::1]/"] {
        assert!(policy.check_url(text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_allowed_by_name_passes() {
    let policy =
        AddressPolicy::parse_allow(&["127.0.0.0/8", "10.1.2.3", "::1", "Shop.Internal."]).unwrap();
    let table = [("127.3.2.1", true), ("10.1.2.3", true), ("10.1.2.4", false), ("::1", true)];
    for (address, passes) in table {
        assert_eq!(policy.check_ip(address.parse().unwrap()).is_ok(), passes, "{address}");
    }
    assert!(policy.check_ip("::ffff:127.0.0.1".parse().unwrap()).is_ok(), "as IPv4 inside IPv6");
    let private = ["10.9.9.9".parse().unwrap()];
    assert!(policy.check_answer("shop.internal", &private).is_ok());
    assert!(policy.check_answer("SHOP.internal.", &private).is_ok());
    assert!(policy.check_answer("other.internal", &private).is_err());
    for bad in ["", "10.0.0.0/40", "http://x/", "a b", "[::1"] {
        assert!(AddressPolicy::parse_allow(&[bad]).is_err(), "{bad}");
    }
    assert!(AddressPolicy::unrestricted().check_ip("127.0.0.1".parse().unwrap()).is_ok());
}

/// Gives its answers in order and repeats the last; counts.
pub(crate) struct Scripted {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    pub(crate) asked: AtomicUsize,
    pub(crate) names: Mutex<Vec<String>>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = Mutex::new(answers.iter().map(parsed).collect());
        Arc::new(Self { answers, asked: AtomicUsize::new(0), names: Mutex::default() })
    }
}

#[async_trait]
impl Resolve for Scripted {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.names.lock().unwrap().push(host.to_owned());
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.lock().unwrap();
        Ok(answers.get(at).or(answers.last()).unwrap().clone())
    }
}

#[tokio::test]
async fn one_bad_address_spoils_the_answer() {
    let table: [(&[&str], bool); 6] = [
        (&["8.8.8.8"], true),
        (&["8.8.8.8", "2606:4700::1"], true),
        (&["8.8.8.8", "10.0.0.1"], false),
        (&["::ffff:169.254.169.254", "8.8.8.8"], false),
        (&["127.0.0.1"], false),
        (&[], false),
    ];
    for (answer, passes) in table {
        let policy = Arc::new(AddressPolicy::default());
        let mut resolver = VettedResolver { policy, source: Scripted::new(&[answer]) };
        let result = resolver.call("shop.example".parse().unwrap()).await;
        assert_eq!(result.is_ok(), passes, "{answer:?}");
    }
}
