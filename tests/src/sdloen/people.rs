//! Who is employed, and how SD writes it.

use serde::{Deserialize, Serialize};

use super::soap::escaped;

/// An employment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Employment {
    /// The person.
    pub cpr: String,
    /// SD's identifier.
    pub id: String,
    /// 0, 1 and 3 are employed; 7, 8 and 9 have left; S is deleted.
    pub status: String,
    /// SD's identifier of the department.
    #[serde(default)]
    pub department: String,
}

impl Employment {
    /// Whether its status says employed.
    pub(super) fn is_active(&self) -> bool {
        ["0", "1", "3"].contains(&self.status.as_str())
    }

    fn written(&self) -> String {
        format!(
            "<Employment><EmploymentIdentifier>{}</EmploymentIdentifier><EmploymentDepartment><DepartmentIdentifier>{}\
             </DepartmentIdentifier></EmploymentDepartment><EmploymentStatus><EmploymentStatusCode>{}\
             </EmploymentStatusCode></EmploymentStatus></Employment>",
            escaped(&self.id),
            escaped(&self.department),
            escaped(&self.status),
        )
    }
}

/// The answer to a look-up: one person, with these employments. Those that have ended are among them, whatever the
/// indicators of the request say.
pub(super) fn written<'e>(cpr: &str, employments: impl Iterator<Item = &'e Employment>) -> String {
    let employments: String = employments.map(Employment::written).collect();
    let person = if employments.is_empty() {
        String::new()
    } else {
        let cpr = escaped(cpr);
        format!(
            "<Person><PersonCivilRegistrationIdentifier>{cpr}</PersonCivilRegistrationIdentifier>{employments}</Person>"
        )
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><GetEmployment20111201>{person}</GetEmployment20111201>")
}
