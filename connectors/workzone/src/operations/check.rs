//! Tries a connection: whether it signs in, and whether the fields that its settings name are there. Only
//! reads, and one row at a time.

use serde_json::Value;
use sluse_sdk::{Call, Failure, Finding};

use crate::{exchange::WorkZone, fields, odata::literal, settings::Settings};

/// What WorkZone says of each row: whether the user may write it.
const WRITE_PERMISSION: &str = "EffectiveWritePermission";

/// A page of WorkZone.
const ROWS: u32 = 50;

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let workzone = WorkZone::new(call, "check", None)?;
    let signed_in = workzone.pages(vec![workzone.get("/Files").query("$top", 1).query("$select", "ID")]);
    if let Err(failure) = signed_in {
        // What cannot be asked now is not a finding about the settings.
        return match failure {
            Failure::Unavailable(_) => Err(failure),
            _ => Ok(vec![Finding::refused("sign-in", &failure)]),
        };
    }
    let mut findings = vec![Finding::passed("sign-in", "WorkZone svarer, og sager kan læses.")];
    findings.push(write_access(&workzone));
    findings.push(case_fields(&workzone));
    findings.push(external_ref(&workzone));
    findings.extend(contact_types(&workzone));
    findings.push(records(&workzone));
    findings.extend(custom_tabs(&workzone));
    Ok(findings)
}

/// Whether the user may change cases, as WorkZone says of each that it shows. One that may not be changed is nothing to
/// wonder at; of a page of them one should be.
fn write_access(workzone: &WorkZone<'_>) -> Finding {
    let subject = "write-access";
    let asked = workzone.get("/Files").query("$top", ROWS).query("$select", format!("ID,{WRITE_PERMISSION}"));
    let rows: Vec<Value> = match workzone.pages(vec![asked]) {
        Ok(pages) => pages.into_iter().flatten().collect(),
        // A WorkZone that does not know the property says nothing of rights.
        Err(Failure::Invalid(_)) => Vec::new(),
        Err(failure) => return Finding::refused(subject, &failure),
    };
    let told: Vec<bool> = rows.iter().filter_map(may_be_written).collect();
    match (told.len(), told.contains(&true)) {
        (0, _) => Finding::passed(
            subject,
            "WorkZone siger ikke, om brugeren må ændre sager. Det vises først, når der skrives.",
        ),
        (_, true) => Finding::passed(subject, "Brugeren må ændre sager."),
        (count, false) => Finding::failed(
            subject,
            format!(
                "Brugeren må ikke ændre nogen af de {count} sager, der blev læst. Kontrollér rettigheder og adgangskoder."
            ),
        ),
    }
}

fn may_be_written(row: &Value) -> Option<bool> {
    match row.get(WRITE_PERMISSION)? {
        Value::Bool(may) => Some(*may),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn case_fields(workzone: &WorkZone<'_>) -> Finding {
    let settings = workzone.settings;
    let mut names =
        vec![settings.case_group_property.as_str(), &settings.case_category_property, &settings.names.case_no];
    names.extend(settings.custom_field_map.values().map(String::as_str));
    readable(workzone, "case-fields", "Files", &names, "Sagens felter findes.")
}

fn external_ref(workzone: &WorkZone<'_>) -> Finding {
    match &workzone.settings.external_ref_field {
        Some(field) => {
            readable(workzone, "external-reference", "Files", &[field], "Feltet til ekstern reference findes.")
        }
        None => Finding::failed(
            "external-reference",
            "Der er ikke valgt et Unique-felt (`external_ref_field`): en afbrudt sagsoprettelse må afgøres af en person.",
        ),
    }
}

fn contact_types(workzone: &WorkZone<'_>) -> Vec<Finding> {
    let types = &workzone.settings.contact_types;
    let set_up = [("cpr", &types.cpr), ("cvr", &types.cvr), ("email", &types.email)];
    let letters = set_up.into_iter().filter_map(|(kind, letter)| Some((kind, letter.as_deref()?)));
    let look = |(kind, letter): (&str, &str)| {
        let filter = literal::equals("NameType_Value", letter);
        let asked = workzone.get("/Contacts").query("$filter", filter).query("$top", 1).query("$select", "ID");
        let subject = format!("contact-type-{kind}");
        match workzone.pages(vec![asked]) {
            Ok(_) => Finding::passed(subject, format!("Der kan søges efter kontakttype {letter}.")),
            Err(failure) => Finding::refused(&subject, &failure),
        }
    };
    letters.map(look).collect()
}

fn records(workzone: &WorkZone<'_>) -> Finding {
    let names = &workzone.settings.names;
    let mut properties = vec![names.record_case.as_str(), &names.record_document, &names.record_main];
    properties.extend(workzone.settings.record_hash_field.as_deref());
    readable(workzone, "documents", "Records", &properties, "Dokumenternes felter findes.")
}

fn custom_tabs(workzone: &WorkZone<'_>) -> Vec<Finding> {
    let look = |(name, tab): (&String, &crate::settings::CustomTab)| {
        let mut properties = vec![tab.case_property.as_str()];
        properties.extend(tab.row_key_property.as_deref());
        properties.extend(tab.fields.values().map(String::as_str));
        readable(workzone, &format!("custom-tab-{name}"), &tab.set, &properties, "Fanens felter findes.")
    };
    workzone.settings.custom_tabs.iter().map(look).collect()
}

/// Whether the properties can be read.
fn readable(workzone: &WorkZone<'_>, subject: &str, set: &str, properties: &[&str], message: &str) -> Finding {
    let asked = workzone.get(format!("/{set}")).query("$top", 1);
    let asked = match fields::select(properties.iter().copied()) {
        Some(select) => asked.query("$select", select),
        None => asked,
    };
    match workzone.pages(vec![asked]) {
        Ok(_) => Finding::passed(subject, message),
        Err(failure) => Finding::refused(subject, &failure),
    }
}
