//! Pages, filters, selections.

use super::*;

async fn with_contacts(count: usize) -> Bench {
    let bench = Bench::new().await;
    for number in 0..count {
        let row =
            json!({ "NameType_Value": "P", "NameCode": format!("{number:04}"), "Name1": format!("Åse {number}") });
        bench.workzone.seed("Contacts", row.as_object().unwrap().clone()).unwrap();
    }
    bench
}

/// Follows next links; gives the number of rows on each page.
async fn pages(bench: &Bench, path: &str, accept: &str, rows: &str, next: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut path = path.to_owned();
    for _ in 0..10 {
        let page = bench.send("GET", &path, &[("accept", accept)], Value::Null).await.json().unwrap();
        sizes.push(page.pointer(rows).unwrap().as_array().unwrap().len());
        let Some(link) = page.pointer(next).and_then(Value::as_str) else { return sizes };
        path = link.strip_prefix(&bench.workzone.origin()).unwrap().to_owned();
    }
    panic!("next links without end");
}

#[tokio::test]
async fn fifty_rows_make_a_page_in_each_version() {
    let bench = with_contacts(120).await;
    let json = "application/json";
    assert_eq!(pages(&bench, "/OData4/Contacts", json, "/value", "/@odata.nextLink").await, [50, 50, 20]);
    assert_eq!(pages(&bench, "/odata/Contacts", json, "/value", "/odata.nextLink").await, [50, 50, 20]);
    let verbose = "application/json;odata=verbose";
    assert_eq!(pages(&bench, "/odata/Contacts", verbose, "/d/results", "/d/__next").await, [50, 50, 20]);
}

#[tokio::test]
async fn a_next_link_keeps_filter_and_top() {
    let bench = with_contacts(120).await;
    let path = "/OData4/Contacts?$filter=NameType_Value eq 'P'&$top=60&$select=ID";
    assert_eq!(pages(&bench, path, "application/json", "/value", "/@odata.nextLink").await, [50, 10]);
    assert_eq!(pages(&bench, "/OData4/Contacts?$top=50", "application/json", "/value", "/@odata.nextLink").await, [50]);
}

#[tokio::test]
async fn a_doubled_quote_finds_the_name_with_one() {
    let bench = Bench::new().await;
    bench.make("Contacts", json!({ "NameType_Value": "P", "NameCode": "1", "Name1": "Bjørn O'Brien" })).await;
    let found = bench.get("/OData4/Contacts?$filter=Name1 eq 'Bj%C3%B8rn O''Brien'&$select=Name1").await;
    assert_eq!(found["value"][0]["Name1"], "Bjørn O'Brien");
}

#[tokio::test]
async fn a_domain_restricts_to_open_cases() {
    let bench = Bench::new().await;
    let closed = bench.case("a").await;
    bench.send("PATCH", &format!("/OData4/Files('{closed}')"), &[], json!({ "State_Value": "A" })).await;
    let mine = bench.make("Files", json!({ "Title": "x", "FileClass_Value": "1", "Officer_Value": "SLUSE" })).await;
    bench.case("c").await;
    let count = |page: Value| page["value"].as_array().unwrap().len();
    assert_eq!(count(bench.get("/OData4/Files?$filter=inDomain('active')").await), 2);
    assert_eq!(bench.get("/OData4/Files?$filter=inDomain('my_open_cases')").await["value"][0]["ID"], json!(mine));
    assert_eq!(count(bench.get("/odata/Files?domainRestriction=active").await), 2);
}

#[tokio::test]
async fn contains_searches_in_v3_alone() {
    let bench = with_contacts(3).await;
    assert_eq!(bench.get("/odata/Contacts?contains=%C3%A5se 2").await["value"].as_array().unwrap().len(), 1);
    assert_eq!(bench.refused("GET", "/OData4/Contacts?contains=x", Value::Null).await.0, 400);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_not_ignored() {
    let bench = Bench::new().await;
    for query in ["$select=Nope", "$filter=Nope eq 'x'", "$filter=Title gt 'x'", "$top=many", "$wrong=1"] {
        assert_eq!(bench.refused("GET", &format!("/OData4/Files?{query}"), Value::Null).await.0, 400, "{query}");
    }
    assert_eq!(bench.refused("GET", "/OData4/Files?$expand=Parties", Value::Null).await.0, 501);
}

#[tokio::test]
async fn rows_are_ordered_and_counted_on_demand() {
    let bench = with_contacts(3).await;
    let page = bench.get("/OData4/Contacts?$orderby=NameCode desc&$count=true&$select=NameCode&$top=1").await;
    assert_eq!((&page["@odata.count"], &page["value"][0]["NameCode"]), (&json!(3), &json!("0002")));
}

#[tokio::test]
async fn the_service_describes_itself() {
    let bench = Bench::new().await;
    let root = bench.get("/OData4/").await;
    assert!(root["value"].as_array().unwrap().iter().any(|set| set["name"] == "BYGGESAG"));
    let metadata = bench.send("GET", "/OData4/$metadata", &[], Value::Null).await;
    assert!(metadata.text().contains("<Property Name=\"EXTREF\" Type=\"Edm.String\"/>"));
}

#[test]
fn the_readme_names_each_set_and_property() {
    let readme = include_str!("../README.md");
    let model = crate::workzone::model::Model::new(&Settings::default());
    for set in model.sets() {
        let own = set.fields.iter().map(|field| &field.name).filter(|name| !name.starts_with("FELT"));
        for name in own.chain([&set.name]).chain(set.navigations.iter().map(|way| &way.name)) {
            assert!(readme.contains(name.as_str()), "README.md does not name `{name}` of `{}`", set.name);
        }
    }
}
