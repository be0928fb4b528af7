use super::{Entrance, api::SignIn};
use crate::components::{Field, FormNotice, SubmitButton};
use leptos::prelude::*;

#[component]
pub fn SignInPage() -> impl IntoView {
    let sign_in = ServerAction::<SignIn>::new();
    view! {
        <Entrance title="Sign in">
            <ActionForm action=sign_in>
                <div class="form">
                    <Field id="email" name="email" label="E-mail" kind="email" autocomplete="username" max_length=254/>
                    <Field id="password" name="password" label="Password" kind="password" autocomplete="current-password" max_length=1024/>
                    <FormNotice action=sign_in/>
                    <SubmitButton label="Sign in" busy_label="Signing in…" pending=sign_in.pending() class="button button-primary button-wide"/>
                </div>
            </ActionForm>
            <p class="hint">"A new installation has no accounts yet: open the set-up link that Mixdown printed when it started."</p>
        </Entrance>
    }
}
