use super::{
    MemberView,
    api::{RemoveMember, SetRole},
};
use crate::{
    components::{Card, FormNotice, Instant},
    note::Form,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// Everybody who belongs to the org.
#[component]
pub fn MembersCard(
    members: Vec<MemberView>,
    /// Roles that the person may give.
    roles: Vec<String>,
) -> impl IntoView {
    let rows = members.into_iter().map(move |member| view! { <MemberRow member roles=roles.clone()/> });
    view! {
        <Card id="members" title="Members">
            <ul class="keys">{rows.collect_view()}</ul>
            <FormNotice form=Form::Members done="Done."/>
        </Card>
    }
}

#[component]
fn MemberRow(member: MemberView, roles: Vec<String>) -> impl IntoView {
    let MemberView { id, email, verified, role, joined_ms, own, may_change } = member;
    let change = may_change.then(|| {
        let label = format!("Role of {email}");
        let options = roles.into_iter().map(|option| {
            let selected = option == role;
            view! { <option value=option.clone() selected=selected>{option.clone()}</option> }
        });
        view! {
            <details class="revoke">
                <summary>"Change…"</summary>
                <form class="actions" method="post" action=SetRole::url()>
                    <input type="hidden" name="member" value=id.to_string()/>
                    <div class="field"><select name="role" aria-label=label>{options.collect_view()}</select></div>
                    <button type="submit" class="button button-small">"Save the role"</button>
                </form>
                <p class="muted">"Who is removed is signed out everywhere, and the account ends."</p>
                <form method="post" action=RemoveMember::url()>
                    <input type="hidden" name="member" value=id.to_string()/>
                    <button type="submit" class="button button-small button-danger">"Remove from the team"</button>
                </form>
            </details>
        }
    });
    view! {
        <li class="key">
            <div>
                <strong class="identifier">{email.clone()}</strong>" "
                <span class="badge">{role.clone()}</span>
                <p class="muted">
                    {own.then_some("This is you. ")}"Joined "<Instant unix_ms=joined_ms/>" UTC"
                    {(!verified).then_some("; the address is not confirmed")}
                </p>
            </div>
            {change}
        </li>
    }
}
