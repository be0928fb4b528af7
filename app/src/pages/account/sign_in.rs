use super::{Entrance, api::SignIn};
use crate::{
    components::{Field, FormNotice},
    note::{Form, Note},
    paths,
};
use leptos::{prelude::*, server_fn::ServerFn};

#[component]
pub fn SignInPage() -> impl IntoView {
    let email = Note::entered_or(Form::SignIn, String::new());
    view! {
        <Entrance title="Sign in">
            <FormNotice form=Form::ResetPassword done="The new password is set, and every session has ended. Sign in with it."/>
            <FormNotice form=Form::VerifyEmail done="The address is confirmed."/>
            <form class="form" method="post" action=SignIn::url()>
                <Field id="email" name="email" label="E-mail" kind="email" value=email autocomplete="username" max_length=254/>
                <Field id="password" name="password" label="Password" kind="password" autocomplete="current-password" max_length=1024/>
                <FormNotice form=Form::SignIn/>
                <button type="submit" class="button button-primary button-wide">"Sign in"</button>
            </form>
            <p><a href=paths::FORGOT_PASSWORD>"Forgot the password?"</a></p>
            <p class="hint">"A new installation has no accounts yet: open the set-up link that Mixdown printed when it started."</p>
        </Entrance>
    }
}
