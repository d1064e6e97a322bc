//! How an endpoint signs in: every kind, under our names and those of the targets' own documents.

use serde_json::{Value, json};

use super::{catalog, check, connection, faults, file, parsed, refuses, told};

const AUTH: &str = "connection[0].endpoints.default.auth";

fn text(auth: &str) -> String {
    format!(
        "[[connection]]\nname = \"left\"\nconnector = \"shelf\"\n[connection.endpoints.default]\nurl = \"https://a.example\"\n[connection.endpoints.default.auth]\n{auth}"
    )
}

/// That this is read as that.
#[track_caller]
fn reads(auth: &str, expected: Value) {
    let (connections, ..) = parsed(&[file("a.toml", &text(auth))]).into_parts();
    let found = &connections[0].endpoints["default"].auth;
    assert_eq!(serde_json::to_value(found).expect("JSON"), expected, "{auth}");
    let again = serde_json::from_value(expected).expect("what is stored is read back");
    assert_eq!(*found, again, "{auth}");
}

#[test]
fn every_way_of_signing_in_is_read() {
    reads("kind = \"nothing\"", json!({"kind": "nothing"}));
    reads(
        "kind = \"basic\"\nusername = \"SY\"\npassword = { secret = \"sd\" }",
        json!({"kind": "basic", "username": "SY", "password": {"secret": "sd"}}),
    );
    reads("kind = \"bearer\"\ntoken = { secret = \"t\" }", json!({"kind": "bearer", "token": {"secret": "t"}}));
    reads(
        "kind = \"api-key\"\nheader = \"publicApiToken\"\nvalue = { secret = \"xflow\" }",
        json!({"kind": "api-key", "header": "publicApiToken", "value": {"secret": "xflow"}}),
    );
    reads(
        "kind = \"oauth2-client-credentials\"\ntoken_url = \"https://l.example/t\"\nclient_id = \"c\"\nclient_secret = { secret = \"s\" }\nscope = \"x\"",
        json!({"kind": "oauth2-client-credentials", "token_url": "https://l.example/t", "client_id": "c", "client_secret": {"secret": "s"}, "scope": "x"}),
    );
    let password = "kind = \"oauth2-password\"\ntoken_url = \"https://l.example/t\"\nclient_id = \"c\"\nclient_secret = { secret = \"s\" }\npassword = { secret = \"p\" }\n";
    reads(
        &format!("{password}username = \"key-id\""),
        json!({"kind": "oauth2-password", "token_url": "https://l.example/t", "client_id": "c", "client_secret": {"secret": "s"}, "username": "key-id", "password": {"secret": "p"}}),
    );
    reads(
        &format!("{password}username = {{ secret = \"u\" }}\nclient_in = \"body\"\nscope = \"x\""),
        json!({"kind": "oauth2-password", "token_url": "https://l.example/t", "client_id": "c", "client_secret": {"secret": "s"}, "client_in": "body", "username": {"secret": "u"}, "password": {"secret": "p"}, "scope": "x"}),
    );
    reads(
        "kind = \"ntlm\"\nusername = \"svc-xflow\"\npassword = { secret = \"ad\" }\ndomain = \"ÅBY\"",
        json!({"kind": "ntlm", "username": "svc-xflow", "password": {"secret": "ad"}, "domain": "ÅBY"}),
    );
    reads(
        "kind = \"client-certificate\"\nsecret = { secret = \"pem\" }\nthumbprint = \"\u{200e}a9 4a8fe5ccb19ba61c4c0873d391e987982fbb:d3\"",
        json!({"kind": "client-certificate", "secret": {"secret": "pem"}, "thumbprint": "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"}),
    );
    reads(
        "kind = \"client-certificate\"\nsecret = { secret = \"pem\" }",
        json!({"kind": "client-certificate", "secret": {"secret": "pem"}}),
    );
    reads("kind = \"signature\"\nsecret = { secret = \"s\" }", json!({"kind": "signature", "secret": {"secret": "s"}}));
}

#[test]
fn the_names_of_the_documents_are_read_as_ours() {
    let entra = |host: &str| json!({"kind": "oauth2-client-credentials", "token_url": format!("{host}/aaby.onmicrosoft.com/oauth2/v2.0/token"), "client_id": "c", "client_secret": {"secret": "s"}, "scope": "api://wz/.default"});
    reads(
        "kind = \"oauth2-client-credentials\"\nClientId = \"c\"\n\"Client Secret\" = { secret = \"s\" }\nTenantId = \"aaby.onmicrosoft.com\"\nScope = \"api://wz/.default\"",
        entra("https://login.microsoftonline.com"),
    );
    reads(
        "kind = \"oauth2\"\nClientId = \"c\"\nClientSecret = { secret = \"s\" }\ntenant_id = \"aaby.onmicrosoft.com\"\nscope = \"api://wz/.default\"\nauthority = \"https://login.microsoftonline.us/\"",
        entra("https://login.microsoftonline.us"),
    );
    reads(
        "kind = \"ad-user\"\nUsername = \"svc-xflow\"\nPassword = { secret = \"ad\" }\nDomain = \"AABY\"",
        json!({"kind": "ntlm", "username": "svc-xflow", "password": {"secret": "ad"}, "domain": "AABY"}),
    );
    reads(
        "kind = \"client-certificate\"\nsecret = { secret = \"pem\" }\nCertificateThumbprint = \"A94A8FE5CCB19BA61C4C0873D391E987982FBBD3\"",
        json!({"kind": "client-certificate", "secret": {"secret": "pem"}, "thumbprint": "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"}),
    );
}

#[test]
fn a_name_is_written_in_one_spelling() {
    let client = |more: &str| {
        text(&format!("kind = \"oauth2\"\nclient_id = \"c\"\nclient_secret = {{ secret = \"s\" }}\n{more}"))
    };
    refuses(
        &client("token_url = \"https://l.example\"\nClientId = \"d\" # ◄"),
        &format!("{AUTH}.ClientId"),
        "`ClientId` is another name of `client_id`: write one of them",
    );
    refuses(
        &client("token_url = \"https://l.example\"\n\"Client Secret\" = { secret = \"d\" } # ◄"),
        &format!("{AUTH}[\"Client Secret\"]"),
        "another name of `client_secret`",
    );
    refuses(
        &client("token_url = \"https://l.example\"\nTenantId = \"t\" # ◄"),
        &format!("{AUTH}.TenantId"),
        "not both",
    );
    refuses(
        &client("token_url = \"https://l.example\"\nauthority = \"https://l.example\" # ◄"),
        &format!("{AUTH}.authority"),
        "`tenant_id`",
    );
    refuses(&client("TenantId = \"a/../b\" # ◄"), &format!("{AUTH}.TenantId"), "a tenant is an id");
    refuses(&client("").replace(".auth]", ".auth] # ◄"), AUTH, "one of `token_url` and `tenant_id` is missing");
    refuses(
        &client("token_url = \"https://l.example\"\nClientID = \"d\" # ◄"),
        &format!("{AUTH}.ClientID"),
        "did you mean `ClientId`?",
    );
}

#[test]
fn what_signs_in_is_complete_and_no_secret_stands_in_the_file() {
    let refused = |auth: &str, path: &str, part: &str| refuses(&text(auth), path, part);
    refused(
        "kind = \"ntlm\"\nusername = \"u\"\nPassword = \"Hemmelig-77\" # ◄",
        &format!("{AUTH}.Password"),
        "`Password = { secret = \"NAME\" }`",
    );
    refused("kind = \"ntml\" # ◄", &format!("{AUTH}.kind"), "did you mean `ntlm`?");
    refused(
        "kind = \"client-certificate\"\nsecret = { secret = \"pem\" }\nthumbprint = \"minkommune\" # ◄",
        &format!("{AUTH}.thumbprint"),
        "40 hex digits",
    );
    refused(
        "kind = \"oauth2-password\"\ntoken_url = \"https://l.example\"\nclient_id = \"c\"\nclient_secret = { secret = \"s\" }\nusername = \"u\"\npassword = { secret = \"p\" }\nclient_in = \"form\" # ◄",
        &format!("{AUTH}.client_in"),
        "`header` or in the `body`",
    );
    let refused =
        text("kind = \"oauth2-password\" # ◄").replace("[connection.endpoints.default.auth]\nkind", "auth.kind");
    let findings = super::parse(&[super::marked(&refused)]).expect_err("findings");
    let missing: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    for key in ["token_url", "client_id", "client_secret", "username", "password"] {
        assert!(missing.contains(&format!("`{key}` is missing").as_str()), "{missing:?}");
    }
}

#[test]
fn every_secret_of_an_endpoint_exists() {
    let auth = |client: &str, user: &str| {
        connection(&format!(
            "[connection.endpoints.archive]\nurl = \"https://a.example\"\n[connection.endpoints.archive.auth]\nkind = \"oauth2-password\"\ntoken_url = \"https://l.example\"\nclient_id = \"c\"\nusername = \"u\"\nclient_secret = {{ secret = \"{client}\" }}\npassword = {{ secret = \"{user}\" }} # ◄"
        ))
    };
    let path = "connection[0].endpoints.archive.auth.password.secret";
    faults(&auth("shelf-key", "shelf-kay"), path, "sluse secret set shelf-kay");
    let fine = auth("shelf-key", "shelf-key").replace("# ◄", "");
    assert_eq!(told(&check(&parsed(&[file("a.toml", &fine)]), &catalog())), "");
}

#[test]
fn a_user_of_a_domain_is_written_in_two_places() {
    let auth = "[connection.endpoints.archive]\nurl = \"https://a.example\"\n[connection.endpoints.archive.auth]\nkind = \"ntlm\"\npassword = { secret = \"shelf-key\" }\nusername = 'AABY\\svc' # ◄";
    faults(&connection(auth), "connection[0].endpoints.archive.auth.username", "write it in `domain`");
}
